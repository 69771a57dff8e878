"""The limits as pure decisions, on virtual time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_emulator.errors import Banned, LimitScope, RateLimited
from discord_emulator.operations import Operation
from discord_emulator.rate_limits import (
    BUCKETS,
    GLOBAL,
    HIDDEN_CHANNEL,
    FixedWindows,
    LimitedRequest,
    RateLimits,
    WindowLimit,
)
from discord_emulator.testing import VirtualClock

SHARED_CHANNEL = LimitedRequest(
    operation=Operation.EXECUTE, caller="ip", resource="hook", channel_id=7
)


@given(st.lists(st.floats(min_value=0, max_value=3, allow_nan=False), max_size=80))
def test_a_window_never_lets_more_pass(pauses):
    """From a window's first request on, no more than its limit passes until it ends."""
    policy = WindowLimit(5, 2.0)
    windows = FixedWindows(policy)
    now, passed = 0.0, []
    for pause in pauses:
        now += pause
        if windows.take("key", now):
            passed.append(now)
        else:
            assert windows.remaining("key", now) == 0
            assert windows.resets_at("key", now) > now
    for first, sixth in zip(passed, passed[policy.limit :], strict=False):
        assert sixth - first > 0


@given(
    st.lists(st.tuples(st.floats(0, 1.5), st.sampled_from(["a", "b"]), st.booleans()), max_size=300)
)
def test_waiting_as_told_is_enough(steps):
    """A caller that waits as long as a 429 says passes the budget that it was about."""
    clock = VirtualClock()
    limits = RateLimits(clock, clock)
    for pause, hook, waits in steps:
        clock.advance(pause)
        demand = LimitedRequest(
            operation=Operation.EXECUTE, caller="ip", resource=hook, channel_id=1
        )
        refused = _refusal(limits, demand)
        if refused is not None and waits:
            clock.advance(refused.retry_after_s)
            again = _refusal(limits, demand)
            assert again is None or again.scope is not refused.scope


def _refusal(limits: RateLimits, demand: LimitedRequest) -> RateLimited | None:
    try:
        limits.admit(demand)
    except RateLimited as refused:
        return refused
    return None


def _scope(limits: RateLimits, demand: LimitedRequest) -> LimitScope | None:
    refused = _refusal(limits, demand)
    return None if refused is None else refused.scope


def test_each_budget_has_its_scope():
    """The bucket is the user's, the channel is shared, the rest is global."""
    clock = VirtualClock()
    limits = RateLimits(clock, clock)
    for _ in range(5):
        limits.admit(SHARED_CHANNEL)
    assert _scope(limits, SHARED_CHANNEL) is LimitScope.USER
    for n in range(25):
        limits.admit(
            LimitedRequest(operation=Operation.EXECUTE, caller="2", resource=str(n), channel_id=7)
        )
    other = LimitedRequest(operation=Operation.EXECUTE, caller="3", resource="fresh", channel_id=7)
    assert _scope(limits, other) is LimitScope.SHARED
    for n in range(GLOBAL.limit):
        limits.admit(LimitedRequest(operation=Operation.MESSAGE, caller="4", resource=str(n)))
    assert (
        _scope(limits, LimitedRequest(operation=Operation.EDIT, caller="4", resource="x"))
        is LimitScope.GLOBAL
    )


def test_a_full_channel_opens_after_its_window():
    """The hidden limit of a channel is for one minute."""
    clock = VirtualClock()
    limits = RateLimits(clock, clock)
    for n in range(HIDDEN_CHANNEL.limit):
        limits.admit(
            LimitedRequest(operation=Operation.EXECUTE, caller="ip", resource=str(n), channel_id=7)
        )
    with pytest.raises(RateLimited) as refused:
        limits.admit(SHARED_CHANNEL)
    assert refused.value.retry_after_s == HIDDEN_CHANNEL.window_s
    clock.advance(HIDDEN_CHANNEL.window_s)
    limits.admit(SHARED_CHANNEL)


def test_every_limited_operation_has_a_bucket():
    """All operations but the CDN's have a bucket."""
    assert set(BUCKETS) == set(Operation) - {Operation.CDN}


def test_windows_that_ended_are_forgotten():
    """Thousands of keys that are no longer used do not slow down or block new ones."""
    windows = FixedWindows(WindowLimit(1, 1.0))
    for n in range(10_000):
        assert windows.take(str(n), n * 0.001)
    assert windows.take("0", 10.0)


def test_bans_are_for_one_address_and_end():
    """A ban meets the address that earned it, and ends."""
    clock = VirtualClock()
    limits = RateLimits(clock, clock)
    for _ in range(10_000):
        limits.note_invalid("bad")
    with pytest.raises(Banned) as banned:
        limits.check_ban("bad")
    limits.check_ban("good")
    clock.advance(banned.value.retry_after_s)
    limits.check_ban("bad")


def test_invalid_requests_over_a_long_time_are_no_ban():
    """Fewer than 10 000 in any ten minutes do no harm."""
    clock = VirtualClock()
    limits = RateLimits(clock, clock)
    for _ in range(3):
        for _ in range(9_999):
            limits.note_invalid("ip")
        clock.advance(600)
    limits.check_ban("ip")


def test_a_clock_that_is_set_changes_no_window():
    """Time passes by a clock that never jumps; only what the header calls the time follows the other."""
    monotonic, clock = VirtualClock(), VirtualClock()
    limits = RateLimits(monotonic, clock)
    demand = LimitedRequest(operation=Operation.EXECUTE, caller="bot", resource="1")
    before = limits.admit(demand)
    clock.advance(3600)
    after = limits.admit(demand)
    assert after["X-RateLimit-Reset-After"] == before["X-RateLimit-Reset-After"]
    assert float(after["X-RateLimit-Reset"]) - float(before["X-RateLimit-Reset"]) == 3600
    assert int(after["X-RateLimit-Remaining"]) == int(before["X-RateLimit-Remaining"]) - 1
