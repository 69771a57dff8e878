"""Second factors over HTTP: what a password is worth without one, and what each of them is worth."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from manager.accounts.challenges import CHALLENGE_LIFE_S
from manager.accounts.totp import RECOVERY_CODES
from manager.app_keys import ACCOUNTS
from manager.errors import SecondFactorRequired
from tests.manager.accounts.authenticator import Authenticator
from tests.manager.accounts.factor_users import PUBLIC_URL, Clock, FactorUser
from tests.manager.cloud import running_cloud
from tests.manager.sockets.stage import PASSWORD


@pytest.fixture
def clock() -> Clock:
    """The manager's time."""
    return Clock()


@pytest.fixture
async def cloud(tmp_path, clock):
    """A manager that is reached by https."""
    async with running_cloud(tmp_path, clock=clock, manager_public_url=PUBLIC_URL) as running:
        yield running


@pytest.fixture
async def alice(cloud, clock) -> FactorUser:
    """An administrator who is logged in, without a second factor."""
    return FactorUser(cloud, clock, "alice", token=await cloud.token("alice"))


@pytest.fixture
async def bob(alice, cloud, clock) -> FactorUser:
    """A user who is logged in, without a second factor."""
    return FactorUser(cloud, clock, "bob", token=await cloud.token("bob"))


async def challenged(user: FactorUser) -> dict[str, Any]:
    """What the password alone is answered, for a user with a second factor."""
    refused = await user.log_in(status=403)
    assert refused["code"] == "second-factor-required"
    return refused


async def test_who_has_none_logs_in_as_ever(alice):
    """The answer has a token, and nothing is enrolled."""
    assert (await alice.log_in())["token"]
    listed = await alice.get("/account/factors")
    assert listed["factors"] == []
    assert (listed["recovery_codes"], listed["is_demanded"]) == (0, False)


async def test_a_password_is_not_enough_any_more(alice):
    """It is answered with a challenge, for which a code gives what the password gave before."""
    await alice.enrol_app()
    refused = await challenged(alice)
    assert refused["methods"] == ["totp", "recovery-code"]
    assert "token" not in refused
    answer = await alice.post(
        "/login/second-factor", challenge=refused["challenge"], code=alice.code()
    )
    alice.token = answer["token"]
    listed = await alice.get("/account/factors")
    assert [factor["kind"] for factor in listed["factors"]] == ["totp"]
    assert listed["factors"][0]["last_used_at"] is not None
    # No other way past: whoever checks a password asks for the factor.
    with pytest.raises(SecondFactorRequired):
        await alice.cloud.app[ACCOUNTS].login("alice", PASSWORD)


async def test_a_short_login_stays_short(alice):
    """What the client asked of its token holds for both steps."""
    await alice.enrol_app()
    challenge = (await challenged(alice))["challenge"]
    answer = await alice.post(
        "/login/second-factor", challenge=challenge, code=alice.code(), renewable=True
    )
    assert answer["renewal"]


async def test_a_code_works_once(alice):
    """Also for another challenge; so does a challenge, with another code."""
    await alice.enrol_app()
    first, second = await challenged(alice), await challenged(alice)
    code = alice.code()
    await alice.post("/login/second-factor", challenge=first["challenge"], code=code)
    again = await alice.post(
        "/login/second-factor", status=403, challenge=second["challenge"], code=code
    )
    assert again["code"] == "wrong-second-factor"
    spent = await alice.post(
        "/login/second-factor", status=403, challenge=first["challenge"], code=alice.code(step=1)
    )
    assert spent["code"] == "challenge-expired"


async def test_clocks_may_differ_by_a_step(alice):
    """A code of the step before or after is taken, one of two steps before is not."""
    await alice.enrol_app()
    alice.clock.advance(300)
    for step, status in ((-2, 403), (-1, 200), (1, 200), (2, 403)):
        refused = await challenged(alice)
        await alice.post(
            "/login/second-factor",
            status=status,
            challenge=refused["challenge"],
            code=alice.code(step=step),
        )


async def test_challenges_expire(alice, bob):
    """After minutes, and with a new password; none is taken for another purpose, or when forged."""
    await alice.enrol_app()
    old = (await challenged(alice))["challenge"]
    check = (await alice.post("/account/confirmation/options"))["challenge"]
    alice.clock.advance(CHALLENGE_LIFE_S)
    new = (await challenged(alice))["challenge"]
    await alice.cloud.catalog.set_password(1, "another hash")
    for challenge in (old, check, new, "a.b.c", alice.token):
        refused = await alice.post(
            "/login/second-factor", status=403, challenge=challenge, code=alice.code()
        )
        assert refused["code"] == "challenge-expired"


async def test_guesses_at_codes_are_limited(alice):
    """More strictly than those at passwords, and each is logged."""
    await alice.enrol_app()
    challenge = (await challenged(alice))["challenge"]
    statuses = []
    with capture_logs() as logs:
        for number in range(12):
            response = await alice.cloud.client.post(
                "/login/second-factor", json={"challenge": challenge, "code": f"{number:06}"}
            )
            statuses.append(response.status)
    assert statuses == [403] * 10 + [429] * 2
    refused = [entry for entry in logs if entry.get("action") == "credentials-refused"]
    assert [entry["details"]["reason"] for entry in refused] == ["wrong-second-factor"] * 10 + [
        "too-many-attempts"
    ]


async def test_recovery_codes_work_once_each(alice):
    """Ten are shown once; upper case and blanks do not matter."""
    await alice.enrol_app()
    assert len(set(alice.recovery_codes)) == RECOVERY_CODES
    code = alice.recovery_codes[0]
    for status, text in ((200, f" {code.upper().replace('-', ' ')}"), (403, code), (403, "x" * 20)):
        refused = await challenged(alice)
        await alice.post(
            "/login/second-factor", status=status, challenge=refused["challenge"], code=text
        )
    assert (await alice.get("/account/factors"))["recovery_codes"] == RECOVERY_CODES - 1
    renewed = await alice.post("/account/recovery-codes", confirmation=await alice.confirmed())
    refused = await challenged(alice)
    old, new = alice.recovery_codes[1], renewed["recovery_codes"][0]
    for status, text in ((403, old), (200, new)):
        await alice.post(
            "/login/second-factor", status=status, challenge=refused["challenge"], code=text
        )


async def test_a_token_alone_changes_nothing(alice, bob):
    """Every change takes a confirmation, for the password or a factor, and of the user himself."""
    await alice.enrol_app()
    (factor,) = (await alice.get("/account/factors"))["factors"]
    for path in ("totp", "passkey", "remove"):
        refused = await alice.post(
            f"/account/factors/{path}", status=403, confirmation=alice.token, id=factor["id"]
        )
        assert refused["code"] == "challenge-expired"
    await alice.post("/account/confirmation", status=403, password="wrong password")
    theirs = await bob.confirmed()
    refused = await alice.post(
        "/account/factors/remove", status=404, confirmation=theirs, id=factor["id"]
    )
    assert refused["code"] == "no-such-factor"
    check = (await alice.post("/account/confirmation/options"))["challenge"]
    confirmed = await alice.post("/account/confirmation", challenge=check, code=alice.code())
    await alice.post(
        "/account/factors/remove", confirmation=confirmed["confirmation"], id=factor["id"]
    )
    assert (await alice.get("/account/factors"))["recovery_codes"] == 0
    assert (await alice.log_in())["token"]


async def test_a_wrong_first_code_enrols_nothing(alice):
    """Who has not got the secret into an app is not locked out by it."""
    begun = await alice.post("/account/factors/totp", confirmation=await alice.confirmed())
    assert begun["qr_code"].startswith("data:image/svg+xml")
    assert begun["uri"].startswith("otpauth://totp/cloud.example:alice?secret=")
    alice.secret = begun["secret"]
    wrong = {"enrolment": begun["enrolment"], "code": "000000"}
    await alice.post("/account/factors/totp/finish", status=403, **wrong)
    assert (await alice.log_in())["token"]
    right = {**wrong, "code": alice.code()}
    await alice.post("/account/factors/totp/finish", **right)
    again = await alice.post("/account/factors/totp/finish", status=403, **right)
    assert again["code"] == "challenge-expired"


async def test_the_password_is_changed_in_a_login(alice):
    """Whoever knows no more than the password cannot change it."""
    await alice.enrol_app()
    change = {"username": "alice", "previousPassword": PASSWORD, "newPassword": "new staple"}
    token, alice.token = alice.token, ""
    refused = await alice.post("/update-password", status=403, **change)
    assert refused["code"] == "session-needed"
    alice.token = token
    await alice.post("/update-password", **change)


async def test_a_passkey_is_a_second_factor(alice):
    """It answers the challenge of a login, and confirms."""
    await alice.enrol_passkey()
    refused = await challenged(alice)
    assert refused["methods"] == ["passkey", "recovery-code"]
    answer = await alice.post(
        "/login/second-factor",
        challenge=refused["challenge"],
        passkey=alice.passkey.sign(refused["passkey_options"]),
    )
    assert answer["token"]
    check = await alice.post("/account/confirmation/options")
    confirmed = await alice.post(
        "/account/confirmation",
        challenge=check["challenge"],
        passkey=alice.passkey.sign(check["passkey_options"]),
    )
    assert confirmed["confirmation"]


async def test_a_passkey_logs_in_alone(alice, bob):
    """Nobody says who it is: the passkey does. Its answer works once."""
    await bob.enrol_passkey()
    options = await alice.post("/login/passkey/options")
    body = {
        "challenge": options["challenge"],
        "passkey": bob.passkey.sign(options["passkey_options"]),
    }
    token = (await alice.post("/login/passkey", **body))["token"]
    status = await alice.cloud.client.get("/token-status", params={"token": token})
    assert (await status.json())["user_id"] == 2
    assert (await alice.post("/login/passkey", status=403, **body))["code"] == "challenge-expired"


async def test_passkeys_that_are_refused(alice, bob):
    """Unknown, of another website, without a check of the user, for another challenge, and garbage."""
    await bob.enrol_passkey()
    stranger = Authenticator(PUBLIC_URL)
    phished = Authenticator("https://cloud.example.evil")
    phished.__dict__.update(bob.passkey.__dict__, origin=phished.origin)
    careless = Authenticator(PUBLIC_URL)
    careless.__dict__.update(bob.passkey.__dict__, verifies_user=False)
    other = await alice.post("/login/passkey/options")
    for made in (
        stranger.sign,
        phished.sign,
        careless.sign,
        lambda _options: bob.passkey.sign(other["passkey_options"]),
        lambda options: {**bob.passkey.sign(options), "response": {"signature": 5}},
        lambda options: {**bob.passkey.sign(options), "rawId": ["é"]},
        lambda _options: {},
    ):
        options = await alice.post("/login/passkey/options")
        body = {"challenge": options["challenge"], "passkey": made(options["passkey_options"])}
        refused = await alice.post("/login/passkey", status=403, **body)
        assert refused["code"] == "passkey-refused"


async def test_a_copy_of_a_passkey_is_noticed(alice):
    """A signature counter that does not grow belongs to a copy."""
    alice.passkey = Authenticator(PUBLIC_URL, counts=True)
    await alice.enrol_passkey()
    for counter, status in ((5, 200), (5, 403), (4, 403), (6, 200)):
        options = await alice.post("/login/passkey/options")
        alice.passkey.counter = counter - 1
        signed = alice.passkey.sign(options["passkey_options"])
        await alice.post(
            "/login/passkey", status=status, challenge=options["challenge"], passkey=signed
        )


async def test_a_passkey_is_enrolled_once(alice, bob):
    """Neither twice by one user, nor by another one."""
    await alice.enrol_passkey()
    assert (await alice.get("/account/factors"))["factors"][0]["label"] == "laptop"
    bob.passkey = alice.passkey
    for user in (alice, bob):
        begun = await user.post("/account/factors/passkey", confirmation=await user.confirmed())
        made = user.passkey.make(begun["passkey_options"])
        refused = await user.post(
            "/account/factors/passkey/finish",
            status=400,
            enrolment=begun["enrolment"],
            passkey=made,
        )
        assert refused["code"] == "factor-refused"


@pytest.mark.parametrize("url", ["http://cloud.example", "https://192.0.2.7", None])
async def test_where_browsers_allow_no_passkeys(tmp_path, clock, url):
    """Without https, or a name, the answer says what is missing; all else works."""
    async with running_cloud(tmp_path, clock=clock, manager_public_url=url) as cloud:
        user = FactorUser(cloud, clock, "alice", token=await cloud.token("alice"))
        refused = await user.post("/login/passkey/options", status=400)
        assert refused["code"] == "passkeys-unavailable"
        assert (await user.get("/account/factors"))["passkeys_available"] is False
        await user.enrol_app()
        assert (await challenged(user))["methods"] == ["totp", "recovery-code"]


async def test_a_factor_may_be_demanded_of_one(alice, bob):
    """Then the password gives no token, but a confirmation to enrol with, which logs in."""
    path = "/admin/users/2/second-factor"
    await alice.post(path, is_demanded=True)
    # What he has open ends: he would go on without a factor until it expires.
    headers = {"Authorization": f"Bearer {bob.token}"}
    assert (await bob.cloud.client.get("/status", headers=headers)).status == 401
    bob.token = ""
    refused = await bob.log_in(status=403)
    assert refused["code"] == "second-factor-demanded"
    done = await bob.enrol_app(refused["confirmation"])
    bob.token = done["token"]
    (factor,) = (await bob.get("/account/factors"))["factors"]
    last = {"confirmation": await bob.confirmed(), "id": factor["id"]}
    assert (await bob.post("/account/factors/remove", status=403, **last))["code"] == (
        "last-factor-demanded"
    )
    shown = await alice.get(path)
    assert (shown["factors"], shown["is_demanded"]) == (["totp"], True)
    await alice.post(path, is_demanded=False)
    await bob.post("/account/factors/remove", **last)
    assert (await bob.log_in())["token"]


async def test_an_administrator_resets_what_is_lost(alice, bob, cloud):
    """The user logs in with the password again; only administrators do that, and it is recorded."""
    await bob.enrol_app()
    await bob.enrol_passkey()
    path = "/admin/users/2/second-factor"
    for refused_path in (path, f"{path}/reset"):
        await bob.post(refused_path, status=403, is_demanded=False)
    with capture_logs() as logs:
        await alice.post(f"{path}/reset")
    (event,) = [entry for entry in logs if entry.get("action") == "second-factors-reset"]
    assert (event["actor"], event["subject"]) == ("alice", "bob")
    assert (await bob.log_in())["token"]
    await alice.post("/admin/users/99/second-factor/reset", status=404)


@pytest.mark.parametrize(
    ("demand", "expected"), [("administrators", (403, 200)), ("all", (403, 403))]
)
async def test_the_operator_demands_factors(tmp_path, clock, demand, expected):
    """Of administrators, or of everybody."""
    async with running_cloud(tmp_path, clock=clock) as cloud:
        for name in ("alice", "bob"):
            await cloud.token(name)
    async with running_cloud(tmp_path, clock=clock, require_second_factor=demand) as cloud:
        for name, status in zip(("alice", "bob"), expected, strict=True):
            await FactorUser(cloud, clock, name).log_in(status=status)


async def test_secrets_outlive_a_rotation_of_master_keys(tmp_path, clock):
    """A start with a new key encrypts them anew; without the old one they are unreadable, and said so."""
    old, new = "A" * 43 + "=", "B" * 43 + "="
    user = None
    for key in (old, f"{new},{old}", new):
        async with running_cloud(tmp_path, clock=clock, message_encryption_key=key) as cloud:
            if user is None:
                user = FactorUser(cloud, clock, "alice", token=await cloud.token("alice"))
                await user.enrol_app()
            user.cloud, user.token = cloud, ""
            refused = await challenged(user)
            await user.post(
                "/login/second-factor", challenge=refused["challenge"], code=user.code()
            )
            clock.advance(60)


async def test_an_unreadable_secret_lets_nobody_in(tmp_path, clock):
    """Nor does it break the login: recovery codes still work, and the log says what is missing."""
    async with running_cloud(tmp_path, clock=clock) as cloud:
        user = FactorUser(cloud, clock, "alice", token=await cloud.token("alice"))
        await user.enrol_app()
        (factor,) = await cloud.catalog.totp_factors()
        await cloud.catalog.reseal_factor(factor.id, bytes(40))
        challenge = (await challenged(user))["challenge"]
        with capture_logs() as logs:
            await user.post(
                "/login/second-factor", status=403, challenge=challenge, code=user.code()
            )
        assert "totp-secret-unreadable" in {entry["event"] for entry in logs}
        code = user.recovery_codes[0]
        await user.post("/login/second-factor", challenge=challenge, code=code)
