"""Webhooks, channels and the secret that signs URLs: made at the first start, kept in one file."""

import secrets
from pathlib import Path

import msgspec

from discord_emulator.durable import create_file, replace_file, sync_folder
from discord_emulator.records import Webhook

_FILE = "webhooks.json"


class _Kept(msgspec.Struct, kw_only=True):
    """The file's content. Deleted webhooks leave their channel behind."""

    guild_id: int
    signing_key: bytes
    channels: list[int]
    webhooks: list[Webhook]

    def __repr__(self) -> str:
        return f"_Kept(guild_id={self.guild_id}, channels={self.channels})"


class Registry:
    """Who may post where. Each change is durable before it returns.

    Args:
        data: the data folder, which exists.
        guild_id: the guild's id, taken at the very first start only.
    """

    def __init__(self, data: Path, guild_id: int) -> None:
        self._path = data / _FILE
        self._kept = self._load() or self._create(guild_id)

    @property
    def guild_id(self) -> int:
        """The guild that all channels are in."""
        return self._kept.guild_id

    @property
    def signing_key(self) -> bytes:
        """The secret that signs attachment URLs."""
        return self._kept.signing_key

    @property
    def channels(self) -> tuple[int, ...]:
        """All channels, those without a webhook too."""
        return tuple(self._kept.channels)

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        """All webhooks in the order in which they were made."""
        return tuple(self._kept.webhooks)

    @property
    def newest_id(self) -> int:
        """The largest id in use."""
        ids = [webhook.id for webhook in self._kept.webhooks]
        return max([self._kept.guild_id, *self._kept.channels, *ids])

    def webhook(self, webhook_id: int) -> Webhook | None:
        """Returns a webhook by its id."""
        return next((w for w in self._kept.webhooks if w.id == webhook_id), None)

    def add(self, webhook_id: int, channel_id: int) -> Webhook:
        """Makes a webhook in a channel, and the channel if it is new."""
        webhook = Webhook(webhook_id, secrets.token_urlsafe(51), channel_id)
        self._kept.webhooks.append(webhook)
        if channel_id not in self._kept.channels:
            self._kept.channels.append(channel_id)
        self._save()
        return webhook

    def remove(self, webhook_id: int) -> None:
        """Deletes a webhook; its channel and messages stay."""
        self._kept.webhooks = [w for w in self._kept.webhooks if w.id != webhook_id]
        self._save()

    def _load(self) -> _Kept | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return None

    def _create(self, guild_id: int) -> _Kept:
        key = secrets.token_bytes(32)
        kept = _Kept(guild_id=guild_id, signing_key=key, channels=[], webhooks=[])
        create_file(self._path, msgspec.json.encode(kept))
        sync_folder(self._path.parent)
        return kept

    def _save(self) -> None:
        replace_file(self._path, msgspec.json.encode(self._kept))
