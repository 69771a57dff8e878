"""Settings of the manager: what is right works, what is wrong names itself."""

import base64

import pytest
from pydantic import ValidationError

from manager.settings import NO_CODE, ManagerSettings

KEYS = [base64.b64encode(bytes([n]) * 32).decode() for n in range(3)]
WEBHOOK = "https://discord.com/api/webhooks/123456789012345678/to-ken_"
WEBHOOKS = [WEBHOOK, WEBHOOK.replace("345678/", "345679/")]
REQUIRED = {
    "MESSAGE_ENCRYPTION_KEY": KEYS[0],
    "DISCORD_WEBHOOKS": WEBHOOK,
}


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Loads settings from an environment that holds the required ones and what the test adds."""
    monkeypatch.chdir(tmp_path)
    for name in ManagerSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)

    def load_settings(**environment):
        for name, value in {**REQUIRED, **environment}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        return ManagerSettings.model_validate({})

    return load_settings


def _wrong(caught) -> set[str]:
    return {error["loc"][0] for error in caught.value.errors() if error["loc"]}


def test_defaults(load):
    """With the three secrets alone the manager listens on this machine and speaks to Discord."""
    settings = load()
    assert (settings.manager_host, settings.manager_port) == ("127.0.0.1", 4000)
    assert settings.discord_api_url == "https://discord.com/api/v10"
    assert str(settings.database_path) == "data/catalog.sqlite3"
    assert settings.booking_idle_s == 30
    assert [webhook.id for webhook in settings.webhooks] == [123456789012345678]


@pytest.mark.parametrize(
    ("value", "chosen"), [("", None), ("none", NO_CODE), ("8 chars.", "8 chars.")]
)
def test_setup_codes(load, value, chosen):
    """An empty one, as compose files have them, leaves it to the manager to make one."""
    assert load(SETUP_CODE=value).chosen_setup_code == chosen


def test_dotenv_is_read(load, tmp_path):
    """Settings may stand in `.env`; the environment wins."""
    (tmp_path / ".env").write_text("MANAGER_PORT=5000\nBOOKING_IDLE_S=5\n")
    settings = load(BOOKING_IDLE_S="7")
    assert (settings.manager_port, settings.booking_idle_s) == (5000, 7)


def test_lists(load):
    """Keys and webhooks may be several, separated by commas, blanks or lines."""
    settings = load(
        MESSAGE_ENCRYPTION_KEY=f"{KEYS[0]}, {KEYS[1]}\n{KEYS[2]}",
        DISCORD_WEBHOOKS=f"{WEBHOOKS[0]},\n {WEBHOOKS[1]}",
        DISCORD_BOT_TOKEN="bot",
        DISCORD_CHANNELS="123456789012345, 223456789012345",
        TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8 ::1",
    )
    assert [str(each) for each in settings.trusted_proxies] == [
        "127.0.0.1/32",
        "10.0.0.0/8",
        "::1/128",
    ]
    assert [key.secret[0] for key in settings.keyring] == [0, 1, 2]
    assert len(settings.webhooks) == 2
    assert settings.discord_channels == (123456789012345, 223456789012345)


def test_the_password_of_services_may_be_missing(load):
    """Unset, or empty as compose files write it: then services need credentials."""
    assert load().password_of_services is None
    assert load(SERVICE_PASSWORD="").password_of_services is None
    assert load(SERVICE_PASSWORD="a password").password_of_services == "a password"


def test_all_that_is_missing_is_named_at_once(load):
    """Nobody has to start it three times to learn of three settings."""
    with pytest.raises(ValidationError) as caught:
        load(**dict.fromkeys(REQUIRED))
    assert _wrong(caught) == {name.lower() for name in REQUIRED}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVICE_PASSWORD", "short"),
        ("MESSAGE_ENCRYPTION_KEY", ""),
        ("MESSAGE_ENCRYPTION_KEY", "not base64!"),
        ("MESSAGE_ENCRYPTION_KEY", "c2VjcmV0MTIz"),
        ("MESSAGE_ENCRYPTION_KEY", f"{KEYS[0]} {KEYS[0]}"),
        ("DISCORD_WEBHOOKS", " , "),
        ("DISCORD_WEBHOOKS", "https://discord.com/api/webhooks/12/secret123"),
        ("DISCORD_WEBHOOKS", f"{WEBHOOK} {WEBHOOK}"),
        ("DISCORD_API_URL", "discord.com"),
        ("DISCORD_CHANNELS", "general"),
        ("MANAGER_PORT", "65536"),
        ("MANAGER_PORT", "http"),
        ("BOOKING_IDLE_S", "0"),
        ("CHUNK_SIZE", "0"),
        ("NAME_POLICY", "latin"),
        ("SETUP_CODE", "None"),
        ("SETUP_CODE", "7 chars"),
        ("SETUP_CODE", "with a blank "),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ],
)
def test_wrong_values(load, name, value):
    """A wrong value is refused under its own name, and a secret one is not repeated."""
    with pytest.raises(ValidationError) as caught:
        load(**{name: value})
    assert _wrong(caught) == {name.lower()}
    assert "secret123" not in str(caught.value)
    assert "c2VjcmV0MTIz" not in str(caught.value)


def test_channels_need_a_bot(load):
    """Channels without a bot are half a configuration."""
    with pytest.raises(ValidationError, match="DISCORD_BOT_TOKEN"):
        load(DISCORD_CHANNELS="1" * 18)


def test_a_bot_without_channels_is_the_managers_alone(load):
    """Its token is given to services only where there are channels for them."""
    alone = load(DISCORD_BOT_TOKEN="bot")
    assert (alone.bot_token, alone.bot_token_for_services) == ("bot", None)
    shared = load(DISCORD_BOT_TOKEN="bot", DISCORD_CHANNELS="1" * 18)
    assert shared.bot_token_for_services == "bot"


def test_secrets_are_not_shown(load):
    """No secret is in the repr."""
    shown = repr(load(SERVICE_PASSWORD="hunter2hunter2"))
    assert not any(secret in shown for secret in ("hunter2", KEYS[0], "to-ken_"))


def test_requests_are_shared(load):
    """The manager and all upload processes together stay within the global budget."""
    settings = load(GLOBAL_REQUESTS_PER_S="50")
    assert settings.own_requests_per_s + 4 * settings.upload_requests_per_s(4) <= 50


def test_supabase(load):
    """A Supabase project is given by URL and key; the key stays out of sight."""
    assert load(SUPABASE_URL="", SUPABASE_KEY="").supabase_url is None
    settings = load(SUPABASE_URL="https://abc.supabase.co/", SUPABASE_KEY="top secret")
    assert settings.supabase_url == "https://abc.supabase.co"
    assert settings.supabase_key.get_secret_value() == "top secret"
    assert "top secret" not in repr(settings)


@pytest.mark.parametrize(
    "environment",
    [
        {"SUPABASE_URL": "https://abc.supabase.co"},
        {"SUPABASE_KEY": "top secret"},
        {"SUPABASE_URL": "abc.supabase.co", "SUPABASE_KEY": "top secret"},
    ],
)
def test_half_a_supabase_is_refused(load, environment):
    """URL and key belong together, and the URL is one."""
    with pytest.raises(ValidationError, match=r"SUPABASE_URL and SUPABASE_KEY|http"):
        load(**environment)


def test_several_managers_need_a_catalog_that_they_share(load):
    """Not an SQLite file; the address of NATS is checked, and stays out of sight."""
    supabase = {"SUPABASE_URL": "https://abc.supabase.co", "SUPABASE_KEY": "top secret"}
    assert load(CLUSTER_URL="").cluster_url is None
    with pytest.raises(ValidationError, match="cannot share an SQLite file"):
        load(CLUSTER_URL="nats://one")
    assert "hunter2" not in repr(load(CLUSTER_URL="nats://me:hunter2@one", **supabase))
    with pytest.raises(ValidationError, match="expected nats://") as refused:
        load(CLUSTER_URL="http://me:hunter2@one", **supabase)
    assert "hunter2" not in str(refused.value)
