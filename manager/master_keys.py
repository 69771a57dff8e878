"""Looks at the start whether the master keys are there that stored content needs."""

import structlog

from catalog.content_port import MasterKeyStore
from catalog.errors import CatalogError
from manager.error_texts import log_level
from storage.keys import KeyRing

log = structlog.get_logger(__name__)

REMEDY = (
    "append the key to MESSAGE_ENCRYPTION_KEY, or to the file encryption-key in the folder of "
    "discord-cloud up: without it these files cannot be read"
)


async def check_master_keys(catalog: MasterKeyStore, keyring: KeyRing) -> None:
    """Notes which key encrypts now, and tells the log of each key that is missing.

    The manager runs on: files of other keys can be read.
    """
    try:
        await catalog.note_master_key(keyring.primary.key_id)
        missing = await catalog.content_of_missing_keys([key.key_id for key in keyring])
    except CatalogError as error:
        log.log(log_level(error), "master-keys-not-checked", code=error.code, problem=str(error))
        return
    for key_id, objects in missing.items():
        log.error("master-key-missing", key_id=key_id.hex(), files=objects, remedy=REMEDY)
