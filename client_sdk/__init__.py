"""The async client library: uploads, downloads, listings and live changes of a discord-cloud.

async with Client("http://127.0.0.1:4000", token) as cloud:
await cloud.upload("holiday.mp4", "/videos/holiday.mp4")
"""

from client_sdk.client import Client
from client_sdk.conflicts import Conflict, ConflictAnswer, OnConflict
from client_sdk.errors import CloudError
from client_sdk.events import Event, EventsMissed
from client_sdk.jobs import Outcome, UploadResult
from client_sdk.progress import Progress, Stage
from client_sdk.settings import ClientSettings

__all__ = [
    "Client",
    "ClientSettings",
    "CloudError",
    "Conflict",
    "ConflictAnswer",
    "Event",
    "EventsMissed",
    "OnConflict",
    "Outcome",
    "Progress",
    "Stage",
    "UploadResult",
]
