"""What the client of one upload is told of it.

All of it goes out through the client's connection in the moment in which it is told, the answer to the
request like the rest. So the order in which it is told is the order in which it arrives: whatever comes
after the answer finds a client that knows the upload's id.
"""

from collections.abc import Callable
from uuid import uuid4

from manager.connections.clients import ClientSession
from manager.uploads.effects import TellFinish
from manager.uploads.rejections import Rejection
from manager.uploads.state_machine import Upload
from protocol import s2c
from protocol.extensions import REJECTIONS
from protocol.packet import Packet
from protocol.values import format_path


class UploadNews:
    """Tells one client of one upload."""

    def __init__(
        self,
        upload: Upload,
        client: ClientSession,
        answer: Callable[[Packet], None],
    ) -> None:
        """`answer` sends the response to the client's request."""
        self._upload = upload
        self._facts = upload.facts
        self._client = client
        self._answer = answer
        self._is_answered = False
        self._is_finish_told = False

    @property
    def lacks_end(self) -> bool:
        """Whether the client knows of the upload, and not how it ended."""
        return self._is_answered and not self._is_finish_told

    def accepted(self, upload_address: str) -> None:
        """The client may send its chunks to that address."""
        response = s2c.UploadResponse(
            name=self._facts.name,
            path=format_path(self._upload.place.path),
            accepted=True,
            chunk_size=self._facts.chunk_size,
            upload_id=self._facts.upload_id,
            upload_address=upload_address,
        )
        self._respond(response)

    def rejected(self, rejection: Rejection) -> None:
        """There will be no upload. Says nothing to a client whose request was answered before."""
        facts = self._facts
        path = format_path(self._upload.place.path)
        packet = rejection_packet(self._client, rejection, facts.name, path, facts.chunk_size)
        self._respond(packet)

    def stage_finished(self, *, service_disconnect: bool) -> None:
        """The service is done with the upload, or lost."""
        self._client.connection.send(
            s2c.UploadStageFinish(
                upload_id=self._facts.upload_id,
                service_disconnect=True if service_disconnect else None,
            )
        )

    def asked(self) -> None:
        """The name is taken, and the client has to say what to do about it."""
        self._client.connection.send(
            s2c.UploadOverwriteRequest(
                upload_id=self._facts.upload_id,
                file_name=self._facts.name,
                file_path=format_path(self._upload.place.path),
            )
        )

    def finished(self, told: TellFinish) -> None:
        """The upload has ended."""
        self._is_finish_told = True
        self._client.connection.send(
            s2c.UploadFinishInfo(
                success=told.success,
                upload_id=self._facts.upload_id,
                rename_target=told.rename_target,
                reason=told.reason,
            )
        )

    def _respond(self, response: Packet) -> None:
        if not self._is_answered:
            self._is_answered = True
            self._answer(response)


def rejection_packet(
    client: ClientSession, rejection: Rejection, name: str, path: str, chunk_size: int
) -> Packet:
    """What a client is answered whose request for an upload is rejected.

    Base-protocol clients get words only.
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
