"""Volumes that are small, and can be filled and emptied. Mounting them needs root."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml  # type: ignore[import-untyped]

MIB = 1024 * 1024
SIZES_MIB = {
    "caddy": 2,
    "certificates": 2,
    "database": 256,
    "manager": 4,
    "processing": 32,
    "reports": 4,
}
"""The volumes of docker-compose.yml: a little more than what a deployment without files needs."""


class SmallDisk:
    """A file system in memory, which a volume is bound to."""

    def __init__(self, mount: Path) -> None:
        self._filler = mount / "filler"

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte of it is free within the block, which ends early by `make_room`."""
        with self._filler.open("wb", buffering=0) as filler:
            for piece in (MIB, 4096, 1):
                try:
                    while filler.write(bytes(piece)) == piece:
                        pass
                except OSError:
                    continue
        try:
            yield
        finally:
            self.make_room()

    def make_room(self) -> None:
        """An operator has acted."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disks(folder: Path) -> Iterator[tuple[dict[str, SmallDisk], str]]:
    """Disks by the names of their volumes, and the override that binds them; gone at the end."""
    with ExitStack() as stack:
        disks, volumes = {}, {}
        for name, size_mib in SIZES_MIB.items():
            mount = folder / name
            mount.mkdir()
            _run("mount", "-t", "tmpfs", "-o", f"size={size_mib}m", name, str(mount))
            # Whoever removes temporary folders must not find it, even if a container has it still.
            stack.callback(_run, "umount", "--lazy", str(mount))
            disks[name] = SmallDisk(mount)
            options = {"type": "none", "o": "bind", "device": str(mount)}
            volumes[name] = {"driver_opts": options}
        yield disks, yaml.safe_dump({"volumes": volumes})


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
