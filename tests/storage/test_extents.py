"""What is fetched by one request."""

from storage.discord.messages import ChunkAddress
from storage.extents import MAX_EXTENT_BYTES, MAX_HOLE_BYTES, covering, extents


def at(offset: int, size: int, *, message: int = 1, attachment: int | None = 2) -> ChunkAddress:
    """Bytes of an attachment."""
    return ChunkAddress(
        message_id=message,
        channel_id=7,
        webhook_id=8,
        attachment_id=attachment,
        offset=offset,
        stored_size=size,
    )


def test_neighbours_are_fetched_together():
    """In the order of their offsets, whatever the order in which they are asked for."""
    assert extents([at(200, 100), at(0, 100), at(100, 100)]) == [[1, 2, 0]]


def test_attachments_are_fetched_apart():
    """In the order in which something of them is asked for first."""
    asked = [at(0, 10, message=3), at(0, 10), at(10, 10, message=3), at(0, 10, attachment=None)]
    assert extents(asked) == [[0, 2], [1], [3]]


def test_small_holes_are_fetched_too():
    """A large one costs more than a request."""
    near = [at(0, 10), at(10 + MAX_HOLE_BYTES, 10)]
    far = [at(0, 10), at(11 + MAX_HOLE_BYTES, 10)]
    assert extents(near) == [[0, 1]]
    assert extents(far) == [[0], [1]]


def test_an_extent_is_bounded():
    """What is larger is cut into several, and a large chunk is fetched alone."""
    half = MAX_EXTENT_BYTES // 2
    assert extents([at(0, half), at(half, half), at(2 * half, 1)]) == [[0, 1], [2]]
    assert extents([at(0, 10), at(10, MAX_EXTENT_BYTES + 1)]) == [[0], [1]]


def test_the_same_place_twice():
    """Two files may have the same content; one that lies inside of another costs nothing, either."""
    assert extents([at(0, 100), at(0, 100), at(10, 10), at(100, 5)]) == [[0, 1, 2, 3]]


def test_nothing_to_fetch():
    """No addresses, no requests."""
    assert extents([]) == []


def test_what_covers_an_extent():
    """From the first byte of any to the last."""
    assert covering([at(50, 10), at(20, 100), at(0, 5)]) == at(0, 120)
