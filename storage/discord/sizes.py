"""How much one message takes: what is documented, what may be tried beyond it, and what a refusal means.

No I/O. Discord has changed the size of attachments four times in three years, boosted servers (guilds) take
more, and the size of whole requests is documented otherwise than it is measured. So limits are learned for
each channel: from tries, upwards (`next_try`), and from refusals, downwards (`lowered`).

A refusal does not say what was too large. It says so nearly always by what was sent: a lone file is too
large itself, and several files are too much together as soon as they are more than what is documented.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

_MIB = 1024 * 1024
_ATTACHMENT_MARGIN = 512
"""Whether exactly a limit passes is unknown, so all stay below it."""
_REQUEST_MARGIN = 8 * 1024
"""Of a request: ten attachments of the largest size must fit beside their heads."""
_BODY_BYTES = 256
"""What a multipart body has besides its files, at most; rather too much."""
_FILE_BYTES = 320
"""What a multipart body has for each of its files besides their bytes, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLimits:
    """What one message takes.

    Attributes:
        attachment_bytes: Size of the largest attachment.
        request_bytes: Size of the largest body of a post, heads included.
        attachments: The most attachments.
    """

    attachment_bytes: int
    request_bytes: int
    attachments: int


ATTACHMENT_STEPS: tuple[int, ...] = tuple(
    mib * _MIB - _ATTACHMENT_MARGIN for mib in (2, 4, 8, 10, 20, 50, 100)
)
"""Sizes of attachments that Discord has had as limits, or has for boosted guilds, and smaller ones."""
REQUEST_STEPS: tuple[int, ...] = tuple(mib * _MIB - _REQUEST_MARGIN for mib in (25, 50, 100, 200))
"""Sizes of requests: 25 MiB are documented, 200 MiB were measured."""
DOCUMENTED_LIMITS = MessageLimits(
    attachment_bytes=10 * _MIB - _ATTACHMENT_MARGIN,
    request_bytes=25 * _MIB - _REQUEST_MARGIN,
    attachments=10,
)
"""What every channel takes, as far as nothing else was learned of it."""


def body_bytes(sizes: Sequence[int]) -> int:
    """An upper bound of the body of a post with attachments of these sizes, in bytes."""
    return _BODY_BYTES + sum(sizes) + _FILE_BYTES * len(sizes)


def takes(limits: MessageLimits, sizes: Sequence[int]) -> bool:
    """Whether a message with attachments of these sizes, at least one, is within the limits."""
    return (
        len(sizes) <= limits.attachments
        and max(sizes) <= limits.attachment_bytes
        and body_bytes(sizes) <= limits.request_bytes
    )


def split_sizes(size: int, limits: MessageLimits) -> list[int]:
    """The sizes of the attachments over which so many bytes are split, in order."""
    whole, rest = divmod(size, limits.attachment_bytes)
    return [limits.attachment_bytes] * whole + ([rest] if rest or not whole else [])


def split(content: memoryview, limits: MessageLimits) -> list[memoryview]:
    """The content as attachments of one message: one if that takes it, else as few as possible."""
    files, start = [], 0
    for size in split_sizes(len(content), limits):
        files.append(content[start : start + size])
        start += size
    return files


def lowered(limits: MessageLimits, refused: Sequence[int]) -> MessageLimits:
    """The limits of a channel that has refused attachments of these sizes, at least one, as too large.

    They are the same when it takes less than anything that is tried.
    """
    body = body_bytes(refused)
    if len(refused) > 1 and body > DOCUMENTED_LIMITS.request_bytes:
        request_bytes = min(limits.request_bytes, _step_below(REQUEST_STEPS, body))
        return replace(limits, request_bytes=request_bytes)
    if max(refused) <= ATTACHMENT_STEPS[0]:
        return limits
    attachment_bytes = min(limits.attachment_bytes, _step_below(ATTACHMENT_STEPS, max(refused)))
    return replace(limits, attachment_bytes=attachment_bytes)


def raised(limits: MessageLimits, taken: Sequence[int]) -> MessageLimits:
    """The limits of a channel that has taken a message with attachments of these sizes, at least one."""
    return replace(
        limits,
        attachment_bytes=max(limits.attachment_bytes, *taken),
        request_bytes=max(limits.request_bytes, _proven_request(body_bytes(taken))),
    )


def next_try(limits: MessageLimits, *, of_requests: bool) -> list[int]:
    """The sizes of the attachments of the smallest message that would raise a limit; none if none would.

    `of_requests`: whether to try a larger request, of attachments that the channel is known to take, or
    else a larger attachment.
    """
    if not of_requests:
        return [size for size in ATTACHMENT_STEPS if size > limits.attachment_bytes][:1]
    for request_bytes in REQUEST_STEPS:
        if request_bytes <= limits.request_bytes:
            continue
        heads = body_bytes([0] * limits.attachments)
        sizes = split_sizes(request_bytes - heads, limits)
        return sizes if len(sizes) <= limits.attachments else []
    return []


def _step_below(steps: Sequence[int], size: int) -> int:
    return max(step for step in steps if step < size)


def _proven_request(size: int) -> int:
    """The largest step of which a body of that size is proof; it may lack the heads of some attachments."""
    heads = body_bytes([0] * DOCUMENTED_LIMITS.attachments)
    return max((step for step in REQUEST_STEPS if step <= size + heads), default=0)
