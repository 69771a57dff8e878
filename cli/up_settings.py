"""Which settings `discord-cloud up` decides itself, whatever the environment and `.env` say.

All that says where files and secrets are, who is spoken to and what is listened on is decided: everything
stays under the data folder and on this machine, also in a folder whose `.env` belongs to another
deployment. The rest (limits, grace periods, policies) is read as the programs alone read it.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from pydantic_settings import BaseSettings

from cli.logging import LogSettings
from cli.servers.running import StopSettings
from discord_emulator.settings import EmulatorSettings
from manager.settings import ManagerSettings
from processing_service.settings import ProcessingServiceSettings
from upload_service.settings import UploadServiceSettings

DECIDED: Final[Mapping[type[BaseSettings], frozenset[str]]] = {
    ManagerSettings: frozenset(
        {
            "manager_host",
            "manager_port",
            "service_password",
            "message_encryption_key",
            "database_path",
            "supabase_url",
            "supabase_key",
            "discord_webhooks",
            "discord_api_url",
            "discord_bot_token",
            "discord_channels",
            "global_requests_per_s",
        }
    ),
    UploadServiceSettings: frozenset(
        {
            "manager_address",
            "service_password",
            "own_address",
            "host",
            "port",
            "slots",
            "drain_grace_s",
            "reports_folder",
        }
    ),
    ProcessingServiceSettings: frozenset({"manager_address", "service_password", "upload_origin"}),
    EmulatorSettings: frozenset(EmulatorSettings.model_fields),
    StopSettings: frozenset(),
    LogSettings: frozenset(),
}
"""Fields of each settings class that are never read."""

_Settings = TypeVar("_Settings", bound=BaseSettings)


def decided(kind: type[_Settings], **chosen: object) -> _Settings:
    """Settings with the chosen values, and the defaults of all else that `up` decides.

    Raises `pydantic.ValidationError` if what is read is wrong.
    """
    names = DECIDED[kind]
    if unknown := chosen.keys() - names:
        raise TypeError(f"`up` does not decide {', '.join(sorted(unknown))}")
    fields = kind.model_fields
    defaults = {name: fields[name].default for name in names if not fields[name].is_required()}
    return kind(**{**defaults, **chosen})


def names_read() -> Iterator[str]:
    """The settings that `up` does read, as they are called in the environment, each once."""
    read: dict[str, None] = {}
    for kind, names in DECIDED.items():
        prefix = kind.model_config.get("env_prefix", "")
        read.update(
            (f"{prefix}{name}".upper(), None) for name in kind.model_fields if name not in names
        )
    yield from read
