"""What messages take, and what is learned from what channels take and refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.discord.sizes import (
    ATTACHMENT_STEPS,
    DOCUMENTED_LIMITS,
    REQUEST_STEPS,
    MessageLimits,
    body_bytes,
    lowered,
    next_try,
    raised,
    split,
    split_sizes,
    takes,
)

MIB = 1024 * 1024
WIDEST = MessageLimits(
    attachment_bytes=ATTACHMENT_STEPS[-1], request_bytes=REQUEST_STEPS[-1], attachments=10
)

limits = st.builds(
    MessageLimits,
    attachment_bytes=st.sampled_from(ATTACHMENT_STEPS),
    request_bytes=st.sampled_from(REQUEST_STEPS),
    attachments=st.just(10),
)


@given(content=st.binary(min_size=1, max_size=300), attachment_bytes=st.integers(1, 400))
def test_a_split_content_is_whole_and_in_order(content, attachment_bytes):
    """No part is empty or too large, and there are no more of them than needed."""
    narrow = MessageLimits(attachment_bytes=attachment_bytes, request_bytes=1, attachments=10)
    parts = split(memoryview(content), narrow)
    assert b"".join(parts) == content
    assert [len(part) for part in parts] == split_sizes(len(content), narrow)
    assert all(0 < len(part) <= attachment_bytes for part in parts)
    assert len(parts) == -(-len(content) // attachment_bytes)


@given(limits)
def test_tries_end_at_the_largest_known_limits(start):
    """Each one that is taken raises its limit, and is within what is known of the other."""
    known = start
    for of_requests in (False, True):
        while sizes := next_try(known, of_requests=of_requests):
            assert len(sizes) <= known.attachments
            assert body_bytes(sizes) <= 200 * MIB
            if of_requests:
                assert max(sizes) <= known.attachment_bytes
            higher = raised(known, sizes)
            assert higher != known
            known = higher
    assert known.attachment_bytes == WIDEST.attachment_bytes
    assert known.request_bytes == WIDEST.request_bytes


@pytest.mark.parametrize(
    ("attachment_mib", "reached_mib"), [(2, 25), (8, 50), (10, 100), (20, 200), (50, 200)]
)
def test_a_request_is_only_as_large_as_its_attachments_can_be(attachment_mib, reached_mib):
    """Ten attachments are the most, so that small ones leave nothing to try."""
    known = MessageLimits(
        attachment_bytes=attachment_mib * MIB - 512,
        request_bytes=DOCUMENTED_LIMITS.request_bytes,
        attachments=10,
    )
    while sizes := next_try(known, of_requests=True):
        known = raised(known, sizes)
    assert known.request_bytes == reached_mib * MIB - 8192


@given(known=limits, mib=st.integers(1, 190))
def test_every_refusal_is_the_last_of_its_kind(known, mib):
    """A message within the lowered limits is not the one that was refused, until nothing is left to learn."""
    refused = split_sizes(mib * MIB, known)
    if not takes(known, refused):
        return
    lower = lowered(known, refused)
    assert lower.attachment_bytes <= known.attachment_bytes
    assert lower.request_bytes <= known.request_bytes
    assert lower == known or not takes(lower, refused)
    assert lower != known or max(refused) <= ATTACHMENT_STEPS[0]


def test_a_lone_file_lowers_the_limit_of_attachments_by_one_step():
    """So that a guild that loses its boosts keeps what it has without them."""
    assert lowered(WIDEST, [60 * MIB]).attachment_bytes == 50 * MIB - 512
    assert lowered(WIDEST, [20 * MIB - 512]).attachment_bytes == 10 * MIB - 512
    assert lowered(WIDEST, [20 * MIB - 512]).request_bytes == WIDEST.request_bytes


def test_several_files_lower_the_limit_of_requests_first():
    """What is documented for a request is kept; below that the attachments must be what is too large."""
    assert lowered(WIDEST, [20 * MIB] * 8).request_bytes == 100 * MIB - 8192
    assert lowered(WIDEST, [20 * MIB] * 2).request_bytes == 25 * MIB - 8192
    within = lowered(DOCUMENTED_LIMITS, [10 * MIB - 512, 10 * MIB - 512])
    assert within.request_bytes == DOCUMENTED_LIMITS.request_bytes
    assert within.attachment_bytes == 8 * MIB - 512


def test_what_is_taken_in_everyday_use_raises_nothing():
    """Only tries are as large as a step."""
    assert raised(DOCUMENTED_LIMITS, [5 * MIB, 10 * MIB - 991]) == DOCUMENTED_LIMITS
