"""What the uploads of these tests hold."""


def content_of(size: int) -> bytes:
    """Bytes that differ from chunk to chunk."""
    return bytes(index * 31 % 251 for index in range(size))
