"""The Python client of a discord-cloud: uploads, downloads, listings and live changes.

async with Client("http://127.0.0.1:4000", token) as cloud:
    await cloud.upload("holiday.mp4", "/videos/holiday.mp4")
"""

import importlib.metadata

from client_sdk.batches import (
    FailedTransfer,
    FolderProgress,
    FolderProgressCallback,
    FolderResult,
    TransferredFile,
)
from client_sdk.client import Client
from client_sdk.conflicts import (
    Conflict,
    ConflictAction,
    ConflictAnswer,
    ConflictCallback,
    ConflictChoice,
    OnConflict,
)
from client_sdk.errors import (
    CloudError,
    ConnectionLost,
    DownloadFailed,
    FolderTransferFailed,
    Forbidden,
    InvalidInput,
    LastingFailure,
    NotFound,
    NotLoggedIn,
    Refused,
    Rejected,
    ReplyTimeout,
    ServerFailed,
    SetupCodeNeeded,
    SourceChanged,
    SourceUnreadable,
    TargetUnwritable,
    TooManyAttempts,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    UploadFailed,
    WrongPassword,
)
from client_sdk.events import (
    ChangeAction,
    Event,
    EventsMissed,
    EventStream,
    FileEvent,
    FolderEvent,
)
from client_sdk.jobs import Outcome, UploadResult
from client_sdk.models import (
    Account,
    Entry,
    FileAccess,
    FileInfo,
    FolderInfo,
    FolderSize,
    FolderStatus,
    Ownership,
    Share,
    User,
)
from client_sdk.paths import RemotePath
from client_sdk.progress import Progress, ProgressCallback, Stage
from client_sdk.reading import RemoteStream
from client_sdk.settings import ClientSettings
from client_sdk.status import (
    Booking,
    CurrentUser,
    FailedProcessing,
    ManagerStatus,
    MessageStatus,
    ProcessingStatus,
    QuarantinedWebhook,
    UploadSlot,
    WebhookStatus,
)
from client_sdk.sync import SyncClient, SyncStream
from client_sdk.upload_source import UploadSource

__version__ = importlib.metadata.version("discord-cloud")

__all__ = [
    "Account",
    "Booking",
    "ChangeAction",
    "Client",
    "ClientSettings",
    "CloudError",
    "Conflict",
    "ConflictAction",
    "ConflictAnswer",
    "ConflictCallback",
    "ConflictChoice",
    "ConnectionLost",
    "CurrentUser",
    "DownloadFailed",
    "Entry",
    "Event",
    "EventStream",
    "EventsMissed",
    "FailedProcessing",
    "FailedTransfer",
    "FileAccess",
    "FileEvent",
    "FileInfo",
    "FolderEvent",
    "FolderInfo",
    "FolderProgress",
    "FolderProgressCallback",
    "FolderResult",
    "FolderSize",
    "FolderStatus",
    "FolderTransferFailed",
    "Forbidden",
    "InvalidInput",
    "LastingFailure",
    "ManagerStatus",
    "MessageStatus",
    "NotFound",
    "NotLoggedIn",
    "OnConflict",
    "Outcome",
    "Ownership",
    "ProcessingStatus",
    "Progress",
    "ProgressCallback",
    "QuarantinedWebhook",
    "Refused",
    "Rejected",
    "RemotePath",
    "RemoteStream",
    "ReplyTimeout",
    "ServerFailed",
    "SetupCodeNeeded",
    "Share",
    "SourceChanged",
    "SourceUnreadable",
    "Stage",
    "SyncClient",
    "SyncStream",
    "TargetUnwritable",
    "TooManyAttempts",
    "TransferredFile",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "UploadFailed",
    "UploadResult",
    "UploadSlot",
    "UploadSource",
    "User",
    "WebhookStatus",
    "WrongPassword",
    "__version__",
]
