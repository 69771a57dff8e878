"""The packets that a client receives about one upload.

They all go out through the client's connection at the moment of their effect, the reply to the request like
the others. So they arrive in that order: what comes after the reply finds a client that knows the upload's
id.
"""

from collections.abc import Callable
from uuid import uuid4

from manager.connections.clients import ClientSession
from manager.uploads import effects
from manager.uploads.effects import Rejection
from manager.uploads.state_machine import Upload
from protocol import s2c
from protocol.extensions import REJECTIONS
from protocol.generic import ChunkRange
from protocol.packet import Packet
from protocol.values import format_path

NO_SUCH_UPLOAD = "you have no upload with this id"


class UploadMessages:
    """Sends the packets about an upload, and knows which have been sent."""

    def __init__(
        self,
        upload: Upload,
        client: ClientSession,
        reply: Callable[[Packet], None],
        missing: tuple[ChunkRange, ...] | None,
    ) -> None:
        """`reply` answers the client's request; `missing`: chunks of a resumed upload, None for a new one."""
        self._upload = upload
        self._requested = upload.requested
        self._client = client
        self._reply = reply
        self._missing = missing
        self._is_answered = False
        self._is_end_sent = False

    @property
    def lacks_end(self) -> bool:
        """Whether the client was told that the upload begins, and not yet how it ended."""
        return self._is_answered and not self._is_end_sent

    def send_accepted(self, address: str | None) -> None:
        """Answers the request: chunks go to the address; None when none is missing."""
        requested = self._requested
        if self._missing is not None:
            self._answer(
                s2c.UploadResumed(
                    upload_id=requested.upload_id,
                    name=requested.name,
                    path=self._path,
                    size=requested.size,
                    chunk_size=requested.chunk_size,
                    missing=self._missing,
                    upload_address=address,
                )
            )
            return
        self._answer(
            s2c.UploadResponse(
                name=requested.name,
                path=self._path,
                accepted=True,
                chunk_size=requested.chunk_size,
                upload_id=requested.upload_id,
                upload_address=address,
            )
        )

    def send_rejected(self, rejection: Rejection) -> None:
        """Answers the request, unless it was answered before."""
        requested = self._requested
        if self._missing is not None:
            self._answer(resume_rejection(rejection))
            return
        self._answer(
            rejection_packet(
                self._client, rejection, requested.name, self._path, requested.chunk_size
            )
        )

    def _answer(self, response: Packet) -> None:
        if not self._is_answered:
            self._is_answered = True
            self._reply(response)

    def send_stage_finish(self, effect: effects.TellStageFinish) -> None:
        """The upload has left its service."""
        self._client.connection.send(
            s2c.UploadStageFinish(
                upload_id=self._requested.upload_id,
                service_disconnect=True if effect.service_disconnect else None,
            )
        )

    def send_finish(self, effect: effects.TellFinish) -> None:
        """The upload has ended."""
        self._is_end_sent = True
        self._client.connection.send(
            s2c.UploadFinishInfo(
                success=effect.success,
                upload_id=self._requested.upload_id,
                rename_target=effect.rename_target,
                reason=effect.reason,
            )
        )

    def send_parked(self, effect: effects.TellParked) -> None:
        """The kept upload does not run any more."""
        self._is_end_sent = True
        self._client.connection.send(
            s2c.UploadParked(
                upload_id=self._requested.upload_id, code=effect.code, reason=effect.reason
            )
        )

    def send_prompt(self) -> None:
        """Asks the client, perhaps once more, what to do about the taken name."""
        self._client.connection.send(
            s2c.UploadOverwriteRequest(
                upload_id=self._requested.upload_id,
                file_name=self._requested.name,
                file_path=self._path,
            )
        )

    @property
    def _path(self) -> str:
        return format_path(self._client.login.shown(self._upload.destination.path) or ())


def resume_rejection(rejection: Rejection) -> s2c.UploadRejection:
    """The reply to a client that may not go on with an upload."""
    return s2c.UploadRejection(
        code=rejection.code, reason=rejection.reason, retry=rejection.retry.value
    )


def rejection_packet(
    client: ClientSession, rejection: Rejection, name: str, path: str, chunk_size: int
) -> Packet:
    """The reply to a client whose request for an upload is rejected.

    Base-protocol clients get the reason alone.
    """
    if REJECTIONS in client.extensions:
        return s2c.UploadRejection(
            code=rejection.code, reason=rejection.reason, retry=rejection.retry.value
        )
    return s2c.UploadResponse(
        name=name,
        path=path,
        accepted=False,
        # The protocol wants a chunk size and an id even here; they mean nothing.
        chunk_size=chunk_size,
        upload_id=str(uuid4()),
        rejection_reason=rejection.reason,
    )
