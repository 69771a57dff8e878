"""Password hashing and user tokens."""

import asyncio
import base64
import json
import threading
from uuid import UUID

import pytest
from argon2 import PasswordHasher

from catalog.records import LoginSession
from common.key_derivation import Purpose
from discord_emulator.testing import VirtualClock
from manager.accounts.credentials import Passwords, ReadRenewal, ReadToken, TokenSigner
from manager.errors import InvalidToken, Overloaded
from tests.manager.signing.rings import signer_of


class CountingHasher(PasswordHasher):
    """A cheap argon2 that counts its work and can be held up."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.work = 0
        self.running = threading.Semaphore(0)
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def hash(self, password, *, salt=None):
        """Hashes once allowed to."""
        self.work += 1
        self.running.release()
        self.may_go_on.wait(10)
        return super().hash(password, salt=salt)

    def verify(self, hash, password):  # noqa: A002 - the library's name
        """Verifies at once."""
        self.work += 1
        return super().verify(hash, password)


async def test_round_trip():
    """A password matches its own argon2id hash and no other; a broken hash matches nothing."""
    passwords = Passwords(CountingHasher())
    hashed = await passwords.hash("correct horse")
    assert hashed.startswith("$argon2id$")
    assert await passwords.matches("correct horse", hashed)
    assert not await passwords.matches("wrong horse", hashed)
    assert not await passwords.matches("correct horse", "nonsense")


async def test_hashes_of_other_parameters_are_outdated():
    """What was hashed with fewer or more rounds than today's is to be hashed anew."""
    passwords = Passwords(CountingHasher())
    older = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash("correct horse")
    assert await passwords.matches("correct horse", older)
    assert passwords.is_outdated(older)
    assert not passwords.is_outdated(await passwords.hash("correct horse"))


async def test_unknown_user_costs_the_same_work():
    """Without a hash the answer is no, after hashing all the same."""
    hasher = CountingHasher()
    assert not await Passwords(hasher).matches("correct horse", None)
    assert hasher.work == 1


async def test_floods_are_turned_away():
    """Beyond what runs and waits, work is refused at once; the rest is served."""
    hasher = CountingHasher()
    hasher.may_go_on.clear()
    passwords = Passwords(hasher, at_once=1, waiting=1)
    admitted = [asyncio.create_task(passwords.hash("correct horse")) for _ in range(2)]
    await asyncio.to_thread(hasher.running.acquire)
    with pytest.raises(Overloaded):
        await passwords.hash("correct horse")
    assert hasher.work == 1
    hasher.may_go_on.set()
    assert len(await asyncio.gather(*admitted)) == 2
    assert await passwords.hash("correct horse")


KEY = b"k" * 32
SIGNER = signer_of(KEY, Purpose.USER_TOKENS)
RENEWALS = signer_of(KEY, Purpose.RENEWALS)
SESSION = LoginSession(
    id=UUID(int=5),
    user_id=7,
    epoch=3,
    device="laptop",
    address="192.0.2.1",
    created_at=0.0,
    last_seen_at=0.0,
    expires_at=1000.0,
    generation=2,
    renewed_at=0.0,
)


def issued(signer: TokenSigner) -> str:
    """A token that lives as long as its session."""
    return signer.issue(SESSION, expires_at=SESSION.expires_at)


def test_round_trip_and_expiry():
    """Tokens and renewal secrets name user and session until their life is over, to the second."""
    clock = VirtualClock(0.0)
    signer = TokenSigner(
        signer_of(KEY, Purpose.USER_TOKENS, clock), signer_of(KEY, Purpose.RENEWALS, clock)
    )
    token, renewal = issued(signer), signer.issue_renewal(SESSION)
    clock.advance(999)
    assert signer.read(token) == ReadToken(user_id=7, epoch=3, session_id=SESSION.id)
    assert signer.read_renewal(renewal) == ReadRenewal(session_id=SESSION.id, generation=2)
    clock.advance(1)
    with pytest.raises(InvalidToken):
        signer.read(token)
    with pytest.raises(InvalidToken):
        signer.read_renewal(renewal)


def test_a_token_renews_nothing():
    """Neither is taken for the other."""
    signer = TokenSigner(SIGNER, RENEWALS)
    with pytest.raises(InvalidToken):
        signer.read_renewal(issued(signer))
    with pytest.raises(InvalidToken):
        signer.read(signer.issue_renewal(SESSION))


def _unsigned(token):
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    return head.decode().rstrip("=") + "." + token.split(".")[1] + "."


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-2],
        lambda token: token.split(".")[1],
        _unsigned,
        lambda _: issued(TokenSigner(signer_of(b"x" * 32, Purpose.USER_TOKENS), RENEWALS)),
        lambda _: SIGNER.sign_claims({"sub": "7"}),
        lambda _: SIGNER.sign_claims({"sub": "x", "epoch": 1, "iat": 1, "exp": 2**40}),
        lambda _: SIGNER.sign_claims({"sub": "7", "epoch": 1, "iat": 1, "exp": 99, "sid": "x"}),
        lambda _: "",
        lambda _: "é",
    ],
)
def test_forgeries(forge):
    """Whatever was not issued here, in full, is invalid."""
    signer = TokenSigner(SIGNER, RENEWALS)
    with pytest.raises(InvalidToken):
        signer.read(forge(issued(signer)))
