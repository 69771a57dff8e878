"""The name server of podman's networks, in the place of aardvark-dns.

That of podman 4 ends when it happens to read its configuration while netavark writes it, as when containers
come and go at once: then no container finds another one until a further one is started. This one reads it for
each question, with the lock that netavark takes. netavark writes the same files for it, starts it with the
same arguments, and sends it the same signal.

    python -m tests.compose.name_server --config FOLDER -p 53 run
"""

import fcntl
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOCK, PROCESS_ID = "aardvark.lock", "aardvark.pid"
SUFFIX = ".dns.podman"
A, IN = 1, 1
ANSWER, NO_SUCH_NAME = 0x8580, 3
"""Flags: a final answer of whoever decides about these names."""
TTL_S = 0
HEADER, RECORD = struct.Struct(">6H"), struct.Struct(">3HIH4s")
NAME_OF_THE_QUESTION = 0xC000 | HEADER.size
LONGEST = 512


@dataclass(frozen=True)
class Entry:
    """A container in a network."""

    network: str
    container: str
    addresses: tuple[str, ...]
    names: tuple[str, ...]


def entries_in(folder: Path) -> Iterator[Entry]:
    """All containers in all networks; a network's file begins with the address of its name server."""
    for network in networks_in(folder):
        for line in network.read_text().splitlines()[1:]:
            container, addresses, _, names, *_ = [*line.split(" "), "", "", ""]
            yield Entry(
                network.name, container, tuple(addresses.split(",")), tuple(names.split(","))
            )


def networks_in(folder: Path) -> list[Path]:
    """The files of networks."""
    return [each for each in folder.iterdir() if each.name not in {LOCK, PROCESS_ID}]


def addresses_of(name: str, asker: str, entries: list[Entry]) -> list[str]:
    """Those of all containers of that name in the networks of whoever asks."""
    containers = {each.container for each in entries if asker in each.addresses}
    networks = {each.network for each in entries if each.container in containers}
    named = [each for each in entries if each.network in networks and name in each.names]
    return [address for each in named for address in each.addresses]


def answer_to(question: bytes, asker: str, entries: list[Entry]) -> bytes:
    """The answer to a packet with one question."""
    number, *_ = HEADER.unpack_from(question)
    labels, at = [], HEADER.size
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    end = at + 1 + 4
    (kind,) = struct.unpack_from(">H", question, at + 1)
    name = ".".join(labels).lower().removesuffix(SUFFIX)
    found = addresses_of(name, asker, entries)
    records = [
        RECORD.pack(NAME_OF_THE_QUESTION, A, IN, TTL_S, 4, socket.inet_aton(address))
        for address in found
        if kind == A
    ]
    flags = ANSWER if found else ANSWER | NO_SUCH_NAME
    header = HEADER.pack(number, flags, 1, len(records), 0, 0)
    return b"".join([header, question[HEADER.size : end], *records])


def serve(folder: Path, listening: socket.socket) -> None:
    """Answers until it is ended."""
    while True:
        question, asker = listening.recvfrom(LONGEST)
        # What makes no sense gets no answer, nor does who has left, or who asks while a network is removed.
        with suppress(IndexError, OSError, ValueError, struct.error):
            with (folder / LOCK).open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH)
                entries = list(entries_in(folder))
            listening.sendto(answer_to(question, asker[0], entries), asker)


def main() -> None:
    """Goes on as another process, whose id is in the file that netavark reads."""
    folder = Path(sys.argv[sys.argv.index("--config") + 1])
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("", int(sys.argv[sys.argv.index("-p") + 1])))
    process_id = folder / PROCESS_ID

    def configured(*_: object) -> None:
        if not networks_in(folder):
            process_id.unlink()
            sys.exit()

    signal.signal(signal.SIGHUP, configured)
    if pid := os.fork():
        process_id.write_text(str(pid))
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    serve(folder, listening)


if __name__ == "__main__":
    main()
