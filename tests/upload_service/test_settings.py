"""What can be configured, and how a mistake is told."""

import pytest
from pydantic import ValidationError

from upload_service.settings import UploadServiceSettings

GOOD = {
    "MANAGER_ADDRESS": "http://127.0.0.1:4000/",
    "SERVICE_CREDENTIAL": "secret",
    "OWN_ADDRESS": "https://up.example.org/a/b",
}


def read(monkeypatch: pytest.MonkeyPatch, **changes: str) -> UploadServiceSettings:
    """Settings of an environment."""
    for name, value in {**GOOD, **changes}.items():
        monkeypatch.setenv(name, value)
    return UploadServiceSettings.model_validate({"_env_file": None})


def test_everything_else_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three settings are enough, and the password shows nowhere."""
    settings = read(monkeypatch)
    assert (settings.slots, settings.inactivity_timeout_s, settings.port) == (4, 180.0, 4001)
    assert settings.manager_address == "http://127.0.0.1:4000"
    assert "secret" not in repr(settings)


def test_the_password_of_services_is_a_credential_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As earlier releases called it; a credential comes before it."""
    monkeypatch.setenv("SERVICE_PASSWORD", "of all kinds")
    assert read(monkeypatch).service_credential.get_secret_value() == "secret"
    monkeypatch.delenv("SERVICE_CREDENTIAL")
    monkeypatch.setitem(GOOD, "SERVICE_PASSWORD", GOOD["SERVICE_CREDENTIAL"])
    monkeypatch.delitem(GOOD, "SERVICE_CREDENTIAL")
    assert read(monkeypatch).service_credential.get_secret_value() == "secret"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MANAGER_ADDRESS", "127.0.0.1:4000"),
        ("MANAGER_ADDRESS", "ws://host/?type=upload"),
        ("OWN_ADDRESS", "ftp://host"),
        ("SERVICE_CREDENTIAL", " "),
        ("PORT", "70000"),
        ("SLOTS", "0"),
        ("INACTIVITY_TIMEOUT_S", "-1"),
    ],
)
def test_a_wrong_one_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The error says which setting is wrong."""
    with pytest.raises(ValidationError) as caught:
        read(monkeypatch, **{name: value})
    assert [error["loc"] for error in caught.value.errors()] == [(name.lower(),)]


def test_all_missing_ones_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to try three times."""
    for name in GOOD:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValidationError) as caught:
        UploadServiceSettings.model_validate({"_env_file": None})
    assert {error["loc"][0] for error in caught.value.errors()} == {name.lower() for name in GOOD}
