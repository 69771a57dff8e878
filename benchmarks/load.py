"""Sends chunks as fast as the other side takes them: plain sockets in threads, nothing copied."""

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlsplit

_BOUNDARY = "----benchmark-boundary-7d5a1f"


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be sent: the chunks 0 to count - 1 of an upload, `concurrency` at a time."""

    url: str
    upload_id: str
    count: int
    chunk_size: int
    concurrency: int


def send_all(load: Load) -> None:
    """Send every chunk once.

    Raises:
        RuntimeError: if one of them is not answered with its index.
    """
    content = memoryview(os.urandom(load.chunk_size))
    indexes = _Shared(iter(range(load.count)))
    with ThreadPoolExecutor(load.concurrency) as threads:
        senders = [
            threads.submit(_send_some, load, indexes, content) for _ in range(load.concurrency)
        ]
        for sender in senders:
            sender.result()


class _Shared:
    """An iterator that several threads may take from."""

    def __init__(self, source: Iterator[int]) -> None:
        self._source = source
        self._lock = Lock()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._source)


def _send_some(load: Load, indexes: _Shared, content: memoryview) -> None:
    parts = urlsplit(load.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        for index in indexes:
            head, tail = _form(load.upload_id, index)
            length = len(head) + len(content) + len(tail)
            connection.sendall(_request(length) + head)
            connection.sendall(content)
            connection.sendall(tail)
            _expect(connection, str(index))


def _form(upload_id: str, index: int) -> tuple[bytes, bytes]:
    fields = "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("id", upload_id), ("chunk", index))
    )
    file = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return (fields + file).encode(), f"\r\n--{_BOUNDARY}--\r\n".encode()


def _request(length: int) -> bytes:
    return (
        "POST / HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def _expect(connection: socket.socket, body: str) -> None:
    answer = b""
    while not answer.endswith(b"\r\n\r\n" + body.encode()):
        piece = connection.recv(4096)
        answer += piece
        if not piece or (b"\r\n" in answer and not answer.startswith(b"HTTP/1.1 200 ")):
            raise RuntimeError(f"chunk {body} was answered with {answer[:200]!r}")
