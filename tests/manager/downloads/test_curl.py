"""Downloads with a client of somebody else's: curl."""

import asyncio
import re
from pathlib import Path


async def _curl(cloud, *arguments: str, params: str = "path=/docs&name=a.bin") -> bytes:
    url = cloud.client.make_url("/download")
    token = await cloud.token()
    process = await asyncio.create_subprocess_exec(
        "curl",
        "--silent",
        "--show-error",
        "--fail-with-body",
        *arguments,
        f"{url}?{params}&auth={token}",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output
    return output


async def test_resuming(cloud, content, tmp_path: Path):
    """A download that broke off goes on where it stopped."""
    await cloud.token()
    await cloud.store("/docs/a.bin", content)
    target = tmp_path / "a.bin"
    target.write_bytes(content[:1700])
    await _curl(cloud, "--continue-at", "-", "--output", str(target))
    assert target.read_bytes() == content


async def test_several_ranges(cloud, content):
    """Several ranges come in the parts that curl asks for, each with its place."""
    await cloud.token()
    await cloud.store("/docs/a.bin", content)
    output = await _curl(cloud, "--range", "0-4,990-1009,-3", "--include")
    head, _, body = output.partition(b"\r\n\r\n")
    boundary = re.search(rb"multipart/byteranges; boundary=(\w+)", head)
    assert boundary is not None
    parts = body.split(b"--" + boundary[1])[1:-1]
    ranges = [(0, 5), (990, 1010), (3497, 3500)]
    assert len(parts) == len(ranges)
    for part, (start, stop) in zip(parts, ranges, strict=True):
        fields, _, bytes_ = part.partition(b"\r\n\r\n")
        assert f"Content-Range: bytes {start}-{stop - 1}/3500".encode() in fields
        assert bytes_ == content[start:stop] + b"\r\n"


async def test_if_range(cloud, content):
    """A part comes only of the version that the client knows, else the whole file."""
    await cloud.token()
    await cloud.store("/docs/a.bin", content)
    head = (await _curl(cloud, "--head")).decode()
    etag = re.search(r"(?im)^etag: (.*?)\r$", head)
    modified = re.search(r"(?im)^last-modified: (.*?)\r$", head)
    assert etag is not None
    assert modified is not None
    for known in (etag[1], modified[1]):
        part = await _curl(cloud, "--range", "5-9", "--header", f"If-Range: {known}")
        assert part == content[5:10]
    for stale in ('"other"', f"W/{etag[1]}", "Sat, 01 Jan 2000 00:00:00 GMT", "nonsense"):
        whole = await _curl(cloud, "--range", "5-9", "--header", f"If-Range: {stale}")
        assert whole == content


async def test_file_name(cloud, content, tmp_path: Path):
    """The file is stored under its name."""
    await cloud.token()
    await cloud.store("/docs/a.bin", content)
    await _curl(cloud, "--remote-name", "--remote-header-name", "--output-dir", str(tmp_path))
    assert (tmp_path / "a.bin").read_bytes() == content
