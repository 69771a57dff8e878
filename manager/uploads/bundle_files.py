"""The files of a bundle: what became of each, and how that is told. No I/O."""

from collections.abc import Sequence
from typing import Protocol

from catalog.port import CommittedFile
from manager.files.upload_requests import RequestedUpload
from manager.uploads import effects
from manager.uploads.effects import Rejection
from manager.uploads.outcomes import UploadEvent
from manager.uploads.overwrites import Action
from manager.uploads.state_machine import Upload
from protocol import s2c, u2s
from protocol.packet import Packet

NOT_SENT = "the file was not sent with its bundle"

RequestedFile = RequestedUpload | Rejection
"""A file of a bundle, or why it is none."""


class FileDecisions(Protocol):
    """The bundle of a file, as the client decides about that file alone."""

    def abort_file(self, file: "BundledFile") -> None:
        """The client aborts it. Raises `IllegalTransition` when it is too late."""

    def file_decided(self, file: "BundledFile", action: Action) -> None:
        """It is decided what happens to the taken name."""

    def ask(self, file: "BundledFile") -> None:
        """Asks the client what to do about the taken name."""


class BundledFile:
    """One file of a bundle: its upload, and what became of it.

    Attributes:
        upload: decides.
        is_begun: whether the catalog may have an object for it.
        is_told_alone: whether the client hears of its end by itself, since it was asked about the name,
            or has aborted the file alone.
        rejection: why it does not begin; None if it does.
        end: how it ended, as its client is told; None before.
        committed: what was entered; None before.
    """

    __slots__ = ("_bundle", "committed", "end", "is_begun", "is_told_alone", "rejection", "upload")

    def __init__(self, bundle: FileDecisions, upload: Upload) -> None:
        self._bundle = bundle
        self.upload = upload
        self.is_begun = self.is_told_alone = False
        self.rejection: Rejection | None = None
        self.end: effects.TellFinish | None = None
        self.committed: CommittedFile | None = None

    @property
    def layout(self) -> RequestedUpload:
        """How the content is cut into chunks."""
        return self.upload.requested

    @property
    def takes_chunks(self) -> bool:
        """Whether a chunk that is reported now belongs to it."""
        return self.upload.takes_chunks

    def abort(self) -> None:
        """The client aborts it. Raises `IllegalTransition` when it is too late."""
        self._bundle.abort_file(self)

    def decided(self, action: Action) -> None:
        """The client, or its standing answer, has decided about the taken name."""
        self._bundle.file_decided(self, action)

    def ask_again(self) -> None:
        """The client takes the question about the taken name for settled, and it is not."""
        self._bundle.ask(self)

    def client_left(self) -> None:
        """The client has disconnected, of which its bundle hears as well."""


def bundle_response(
    bundle_id: str, answers: Sequence[BundledFile | Rejection], address: str | None
) -> Packet:
    """The reply to a client: which files of its bundle it may send, and where to.

    One rejection stands for all files if they have the same.
    """
    rejections = [each.rejection if isinstance(each, BundledFile) else each for each in answers]
    first = rejections[0]
    if first is not None and all(each == first for each in rejections):
        return s2c.UploadRejection(code=first.code, reason=first.reason, retry=first.retry.value)
    uploads = tuple(_answer_to(each) for each in answers)
    return s2c.BundleResponse(bundle_id=bundle_id, upload_address=address, uploads=uploads)


def _answer_to(file: BundledFile | Rejection) -> s2c.BundledUpload:
    if isinstance(file, Rejection):
        return s2c.BundledUpload(rejection=_packet_of(file))
    if file.rejection is not None:
        return s2c.BundledUpload(rejection=_packet_of(file.rejection))
    return s2c.BundledUpload(upload_id=file.layout.upload_id)


def _packet_of(rejection: Rejection) -> s2c.BundledRejection:
    return s2c.BundledRejection(
        code=rejection.code, reason=rejection.reason, retry=rejection.retry.value
    )


def event_of_commit(committed: CommittedFile) -> UploadEvent:
    """What happens to an upload that was committed."""
    return lambda upload: upload.commit_done(committed.file.name)


def end_of(file: BundledFile) -> s2c.BundledFileEnd:
    """How a file ended, as far as it has."""
    upload_id, end = file.layout.upload_id, file.end
    if end is None or file.is_told_alone:
        return s2c.BundledFileEnd(upload_id=upload_id)
    return s2c.BundledFileEnd(
        upload_id=upload_id,
        success=end.success,
        rename_target=end.rename_target,
        reason=end.reason,
    )


def event_of_result(result: u2s.BundledFileResult | None) -> UploadEvent:
    """What the service has made of one file; None: it does not say."""
    if result is not None and result.hash is not None and result.type is not None:
        content_hash, mime_type = result.hash, result.type
        return lambda upload: upload.service_finished(content_hash, mime_type)
    reason = NOT_SENT if result is None or result.reason is None else result.reason
    return lambda upload: upload.service_failed(reason)
