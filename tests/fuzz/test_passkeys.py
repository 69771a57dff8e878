"""What a browser sends as a passkey: anything may stand in it, and only a typed error comes of that."""

import base64
from typing import Any
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from catalog.factor_port import Factor, FactorKind
from catalog.records import User
from manager.accounts import passkeys
from manager.accounts.passkeys import Website
from manager.errors import PasskeyRefused
from tests.fuzz.inputs import fuzzed, json_values, mutated, quickly
from tests.manager.accounts.authenticator import Authenticator

CHALLENGE = UUID(int=7)
WEBSITE = Website.of("https://cloud.example")
ALICE = User(id=1, name="alice", is_admin=False, password_hash="h", token_epoch=0, created_at=0.0)
AUTHENTICATOR = Authenticator(WEBSITE.origin)
MADE = AUTHENTICATOR.make(passkeys.creation_options(WEBSITE, ALICE, (), CHALLENGE))
NEW = passkeys.created(WEBSITE, CHALLENGE, MADE)
PASSKEY = Factor(
    id=UUID(int=1),
    user_id=ALICE.id,
    kind=FactorKind.PASSKEY,
    label="laptop",
    credential_id=NEW.credential_id,
    key=NEW.public_key,
    counter=0,
    created_at=0.0,
    last_used_at=None,
)
SIGNED = AUTHENTICATOR.sign(passkeys.request_options(WEBSITE, (PASSKEY,), CHALLENGE))
NESTED = base64.urlsafe_b64encode(b"\x81" * 40_000).decode()


def answers(whole: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A browser's answer with one field of it changed."""

    def bytes_of(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def changed(name: str) -> st.SearchStrategy[dict[str, Any]]:
        value = mutated(bytes_of(whole["response"][name])).map(
            lambda content: base64.urlsafe_b64encode(content).decode()
        )
        return (value | json_values()).map(
            lambda new: {**whole, "response": {**whole["response"], name: new}}
        )

    fields = [changed(name) for name in whole["response"]]
    others = st.dictionaries(st.sampled_from(sorted(whole)), json_values(), max_size=3)
    return st.one_of(*fields, others.map(lambda new: {**whole, **new}))


@fuzzed
@given(answer=answers(SIGNED) | st.dictionaries(st.text(max_size=9), json_values()))
@example(answer={**SIGNED, "response": {**SIGNED["response"], "authenticatorData": NESTED}})
@example(answer={**SIGNED, "response": {**SIGNED["response"], "signature": 2**31}})
def test_passkeys_that_log_in(answer: dict[str, Any]) -> None:
    """Only what signs the challenge for the website is taken."""
    with quickly():
        try:
            passkeys.credential_of(answer)
            assert passkeys.counter_after(WEBSITE, CHALLENGE, PASSKEY, answer) == 0
        except PasskeyRefused:
            return


@fuzzed
@given(answer=answers(MADE) | st.dictionaries(st.text(max_size=9), json_values()))
@example(answer={**MADE, "response": {**MADE["response"], "attestationObject": NESTED}})
def test_passkeys_that_are_made(answer: dict[str, Any]) -> None:
    """Whatever is enrolled has an id and a key."""
    with quickly():
        try:
            made = passkeys.created(WEBSITE, CHALLENGE, answer)
        except PasskeyRefused:
            return
        assert made.credential_id
        assert made.public_key
