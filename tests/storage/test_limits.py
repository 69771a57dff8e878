"""Keeping Discord's limits, on a clock that the tests turn."""

import math

import pytest

from storage.discord.budgets import ROUNDING_MARGIN_S, LimitHeaders, SlidingBudget
from storage.discord.limits import HASTE, LimitKey, RateLimiter

GET = LimitKey("GET", "webhook message", 1)
POST = LimitKey("POST", "webhook", 1, posts_to=100)


def bucket(remaining, *, limit=5, reset_at=1000.0, reset_after_s=2.0, name="hash") -> LimitHeaders:
    """What an answer says about its bucket."""
    return LimitHeaders(
        limit=limit,
        remaining=remaining,
        reset_at=reset_at,
        reset_after_s=reset_after_s,
        bucket=name,
    )


def refusal(scope, retry_after_s, **announced) -> LimitHeaders:
    """What a 429 says."""
    return LimitHeaders(scope=scope, retry_after_s=retry_after_s, **announced)


def exchange(limiter, key, headers, now, status=200) -> None:
    """A request, answered at once."""
    limiter.begin(key)
    limiter.answered(key, status, headers, now)


def test_an_unknown_bucket_is_probed_by_one_request():
    """Until the first answer tells the bucket's size, a second request waits for it."""
    limiter = RateLimiter()
    assert limiter.delay(GET, 0.0) == 0.0
    limiter.begin(GET)
    assert limiter.delay(GET, 0.0) == math.inf
    limiter.answered(GET, 200, bucket(4), 0.1)
    assert limiter.delay(GET, 0.1) == 0.0


def test_a_key_that_is_named_twice_has_one_delay():
    """Routes of one webhook share theirs, which is reckoned once."""
    limiter = RateLimiter()
    limiter.begin(GET)
    assert limiter.delays([GET, GET], 0.0) == {GET: math.inf}


def test_no_more_go_than_the_header_says_remain():
    """Requests under way count, as Discord has not counted them in its answer."""
    limiter = RateLimiter()
    exchange(limiter, GET, bucket(2), 0.0)
    limiter.begin(GET)
    limiter.begin(GET)
    assert limiter.delay(GET, 0.0) == pytest.approx(2.0 + ROUNDING_MARGIN_S)
    assert limiter.delay(GET, 2.0 + ROUNDING_MARGIN_S) == 0.0


def test_requests_under_way_fill_the_next_window_too():
    """A slow upload may be counted after the reset, so it is subtracted from the new window."""
    limiter = RateLimiter()
    exchange(limiter, GET, bucket(4), 0.0)
    for _ in range(4):
        limiter.begin(GET)
    assert limiter.delay(GET, 10.0) == 0.0
    limiter.begin(GET)
    assert limiter.delay(GET, 10.0) == math.inf


def test_answers_that_overtake_each_other_do_not_raise_the_count():
    """Of one window, the lowest number is the true one, in whatever order answers come."""
    limiter = RateLimiter()
    for _ in range(2):
        limiter.begin(GET)
    limiter.answered(GET, 200, bucket(0), 0.0)
    limiter.answered(GET, 200, bucket(1), 0.01)
    assert limiter.delay(GET, 0.02) > 0.0


def test_a_late_answer_of_an_old_window_does_not_spoil_the_new_one():
    """What an answer tells about a window that is over is of no use."""
    limiter = RateLimiter()
    for _ in range(2):
        limiter.begin(GET)
    limiter.answered(GET, 200, bucket(3, reset_at=1002.0), 2.0)
    limiter.answered(GET, 200, bucket(0, reset_at=1000.0, reset_after_s=0.0), 2.1)
    assert limiter.delay(GET, 2.2) == 0.0


def test_a_wrong_name_of_a_window_shadows_none_that_follow():
    """Once a window is over, the next answer tells of the present one, whatever it is called."""
    limiter = RateLimiter()
    exchange(limiter, GET, bucket(4, reset_at=1e300), 0.0)
    exchange(limiter, GET, bucket(0, reset_at=1010.0), 10.0)
    assert limiter.delay(GET, 10.0) == pytest.approx(2.0 + ROUNDING_MARGIN_S)


def test_no_more_remain_than_the_bucket_holds():
    """A count that is larger than the limit is wrong."""
    limiter = RateLimiter()
    exchange(limiter, GET, bucket(1000, limit=2), 0.0)
    limiter.begin(GET)
    limiter.begin(GET)
    assert limiter.delay(GET, 0.0) > 0.0


def test_windows_without_a_name_are_taken_for_the_worse():
    """Without `X-RateLimit-Reset` nobody knows which window it is: the lower count holds longer."""
    limiter = RateLimiter()
    for _ in range(2):
        limiter.begin(GET)
    limiter.answered(GET, 200, bucket(0, reset_at=None), 0.0)
    limiter.answered(GET, 200, bucket(4, reset_at=None), 1.0)
    assert limiter.delay(GET, 1.0) == pytest.approx(2.0 + ROUNDING_MARGIN_S)


def test_webhooks_and_routes_do_not_share_a_bucket():
    """Equal hashes on two webhooks, or two routes of one, are buckets apart."""
    limiter = RateLimiter()
    exchange(limiter, GET, bucket(0), 0.0)
    assert limiter.delay(GET, 0.0) > 0.0
    assert limiter.delay(LimitKey("GET", "webhook message", 2), 0.0) == 0.0
    assert limiter.delay(LimitKey("DELETE", "webhook message", 1), 0.0) == 0.0
    assert limiter.delay(LimitKey("DELETE", "old webhook message", 1), 0.0) == 0.0


def test_another_hash_is_another_bucket():
    """When Discord moves a route to another bucket, the old one's window is forgotten."""
    limiter = RateLimiter()
    limiter.begin(GET)
    limiter.begin(GET)
    limiter.answered(GET, 200, bucket(0, reset_at=2000.0), 0.0)
    limiter.answered(GET, 200, bucket(9, limit=10, name="other"), 0.1)
    assert limiter.delay(GET, 0.1) == 0.0


def test_a_lost_request_counts_as_spent():
    """Discord may have counted what it never answered."""
    limiter = RateLimiter()
    exchange(limiter, GET, bucket(1), 0.0)
    limiter.begin(GET)
    limiter.lost(GET, 0.5)
    assert limiter.delay(GET, 0.5) > 1.0
    limiter.begin(LimitKey("GET", "x", 1))
    limiter.lost(LimitKey("GET", "x", 1), 0.5)
    assert limiter.delay(LimitKey("GET", "x", 1), 0.5) == 0.0


def test_a_lost_request_counts_for_one_window_more():
    """It may have been the first of a window of which nobody knows, but that one ends too."""
    limiter = RateLimiter()
    exchange(limiter, GET, bucket(0, limit=1), 0.0)
    limiter.begin(GET)
    limiter.lost(GET, 100.0)
    assert limiter.delay(GET, 100.0) == pytest.approx(2.0 + ROUNDING_MARGIN_S)
    assert limiter.delay(GET, 102.0 + ROUNDING_MARGIN_S) == 0.0


def test_channels_take_thirty_posts_a_minute_before_discord_says_so():
    """The hidden limit is kept in advance, for all webhooks of a channel together."""
    limiter = RateLimiter()
    other = LimitKey("POST", "webhook", 2, posts_to=100)
    for number in range(30):
        key = POST if number % 2 else other
        assert limiter.delay(key, number) == 0.0
        exchange(limiter, key, bucket(4, reset_at=number), number)
    assert limiter.delay(POST, 30.0) == pytest.approx(30.0 + ROUNDING_MARGIN_S)
    assert limiter.delay(LimitKey("POST", "webhook", 3, posts_to=101), 30.0) == 0.0
    assert limiter.delay(GET, 30.0) == 0.0


def test_posts_under_way_spend_the_channels_budget():
    """A post that takes minutes may be counted at its very end."""
    limiter = RateLimiter(channel_posts=2)
    exchange(limiter, POST, bucket(4), 0.0)
    limiter.begin(POST)
    assert limiter.delay(POST, 1.0) > 0.0
    assert limiter.delay(POST, 61.0) == 0.0
    limiter.begin(POST)
    assert limiter.delay(POST, 61.0) == math.inf


def test_a_hidden_limit_halves_the_budget_and_lets_it_recover():
    """A 429 that its own bucket cannot explain shows that the channel takes less."""
    budget = SlidingBudget(30, 60.0)
    budget.throttle(100.0, 160.0)
    budget.throttle(101.0, 161.0)
    assert budget.delay(110.0) == pytest.approx(51.0)
    assert budget.limit(161.0) == 15
    assert budget.limit(230.0) == 20
    assert budget.limit(1000.0) == 30


@pytest.mark.parametrize(
    ("headers", "is_hidden"),
    [
        (refusal("user", 2.0, limit=5, remaining=0, reset_after_s=2.0, bucket="hash"), False),
        (refusal("user", 40.0, limit=5, remaining=0, reset_after_s=2.0, bucket="hash"), True),
        (refusal("user", 2.0, limit=5, remaining=3, reset_after_s=2.0, bucket="hash"), True),
        (refusal("user", 2.0), True),
        (refusal("shared", 2.0), False),
    ],
)
def test_retry_after_overrides_the_other_headers(headers, is_hidden):
    """Nothing goes before it, and a limit that no header announces makes the channel's budget small."""
    limiter = RateLimiter()
    exchange(limiter, POST, headers, 0.0, status=429)
    wait_s = (headers.retry_after_s or 0.0) + ROUNDING_MARGIN_S
    assert limiter.delay(POST, 0.0) == pytest.approx(wait_s)
    sent = 0
    while limiter.delay(POST, wait_s) == 0.0:
        exchange(limiter, POST, bucket(4, limit=1000, reset_at=5000.0 + sent), wait_s)
        sent += 1
    assert sent == (15 - 1 if is_hidden else 30 - 1)


def test_a_429_of_the_bucket_blocks_that_bucket_alone():
    """Other webhooks go on."""
    limiter = RateLimiter()
    exchange(limiter, GET, refusal("user", 3.0), 0.0, status=429)
    assert limiter.delay(GET, 0.0) == pytest.approx(3.0 + ROUNDING_MARGIN_S)
    assert limiter.delay(LimitKey("GET", "webhook message", 2), 0.0) == 0.0


@pytest.mark.parametrize("scope", ["global", None])
def test_a_global_429_blocks_everything(scope):
    """So does one without a scope: it comes from before the API, where only addresses are known."""
    limiter = RateLimiter()
    exchange(limiter, GET, refusal(scope, 3.0), 0.0, status=429)
    assert limiter.delay(LimitKey("GET", "other", 2), 0.0) == pytest.approx(3.0 + ROUNDING_MARGIN_S)


def test_a_429_that_tells_no_time_still_makes_a_pause():
    """A broken answer is no invitation."""
    limiter = RateLimiter()
    exchange(limiter, GET, LimitHeaders(scope="user"), 0.0, status=429)
    assert limiter.delay(GET, 0.0) >= 1.0


def test_the_global_budget_is_this_process_share():
    """So many requests a second in all, and the share can change."""
    limiter = RateLimiter(requests_per_s=2)
    for number in range(2):
        exchange(limiter, LimitKey("GET", "a", number), bucket(4), 0.0)
    late = LimitKey("GET", "a", 3)
    assert limiter.delay(late, 0.5) == pytest.approx(0.5 + ROUNDING_MARGIN_S)
    limiter.share(3)
    assert limiter.delay(late, 0.5) == 0.0


@pytest.mark.parametrize("status", [401, 403, 429])
def test_invalid_answers_stop_everything_long_before_the_ban(status):
    """A thousand in ten minutes are enough; a shared 429 is nobody's fault."""
    limiter = RateLimiter(invalid_answers=3)
    exchange(limiter, GET, refusal("shared", 0.0), 0.0, status=429)
    for now in (0.0, 1.0, 2.0):
        assert limiter.delay(LimitKey("GET", "b", 9), now + 0.5) == 0.0
        exchange(limiter, GET, refusal("user", 0.0), now, status=status)
    assert limiter.delay(LimitKey("GET", "b", 9), 2.5) == pytest.approx(597.5)


def test_a_server_without_limits_is_not_held_back():
    """Where posts are answered without any headers, neither bucket nor hidden budget applies."""
    limiter = RateLimiter(requests_per_s=1000)
    for _ in range(100):
        assert limiter.delay(POST, 0.0) == 0.0
        exchange(limiter, POST, LimitHeaders(), 0.0)
    for _ in range(40):
        limiter.begin(POST)
    assert limiter.delay(POST, 0.0) == 0.0


def test_limits_that_appear_are_kept_again():
    """One header, or one 429, and everything that was posted before counts."""
    limiter = RateLimiter()
    for _ in range(40):
        exchange(limiter, POST, LimitHeaders(), 0.0)
    exchange(limiter, POST, bucket(4), 1.5)
    assert limiter.delay(POST, 1.5) > 50.0


def test_errors_without_headers_prove_nothing():
    """A gateway's 502 tells nothing about limits: the bucket stays unknown."""
    limiter = RateLimiter()
    exchange(limiter, POST, LimitHeaders(), 0.0, status=502)
    limiter.begin(POST)
    assert limiter.delay(POST, 5.0) == math.inf


def test_the_load_tells_how_much_of_the_budgets_is_spent():
    """It is what ranks webhooks that may all send at once."""
    limiter = RateLimiter()
    exchange(limiter, POST, bucket(4), 0.0)
    limiter.begin(POST)
    limiter.begin(GET)
    assert limiter.load(LimitKey("POST", "webhook", 2, posts_to=101), 1.0) == 0
    assert limiter.load(GET, 1.0) == 1
    assert limiter.load(POST, 1.0) == 3


def test_headers_are_read_as_discord_writes_them():
    """Floats, counts, the hash and the scope."""
    read = LimitHeaders.parse(
        {
            "X-RateLimit-Limit": "5",
            "X-RateLimit-Remaining": "4",
            "X-RateLimit-Reset": "1470173023.123",
            "X-RateLimit-Reset-After": "1.5",
            "X-RateLimit-Bucket": "abcd1234",
            "Retry-After": "65",
            "X-RateLimit-Scope": "shared",
        }
    )
    assert read == LimitHeaders(
        limit=5,
        remaining=4,
        reset_at=1470173023.123,
        reset_after_s=1.5,
        bucket="abcd1234",
        retry_after_s=65.0,
        scope="shared",
    )
    assert read.announces_bucket
    assert LimitHeaders.parse({"X-RateLimit-Global": "true"}).scope == "global"


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "soon", ""])
def test_headers_without_sense_count_as_missing(value):
    """A broken proxy cannot make the client wait for ever, or not at all."""
    read = LimitHeaders.parse({"Retry-After": value, "X-RateLimit-Limit": value})
    assert read == LimitHeaders()
    assert not read.announces_bucket


def test_a_budget_that_becomes_scarce_is_paced():
    """After a sixth of it: so that what is left lasts until the first of it comes back, at first in haste."""
    limiter = RateLimiter()
    key = LimitKey("POST", "webhook", 1, posts_to=7)
    for number in range(5):
        assert limiter.pace(key, 0.0) == 0
        exchange(limiter, key, bucket(4 - number), 0.0)
    assert limiter.pace(key, 0.0) == pytest.approx(60 / 25 / HASTE, rel=0.01)
    assert limiter.pace(key, 1.0) == pytest.approx(59 / 25 / HASTE, rel=0.01)
    assert limiter.pace(key, 59.0) == pytest.approx(60 / 30 / HASTE, rel=0.01)
    assert limiter.pace(key, 61.0) == 0
    assert limiter.pace(LimitKey("GET", "webhook", 1), 0.0) == 0


def test_messages_that_keep_the_pace_do_not_use_a_budget_up():
    """Whoever comes at any time has to wait for some messages' time, not for most of a minute."""
    limiter = RateLimiter()
    key = LimitKey("POST", "webhook", 1, posts_to=7)
    now, longest_s = 0.0, 0.0
    while now < 300:
        waiting_s = max(limiter.delay(key, now), limiter.pace(key, now))
        longest_s = max(longest_s, waiting_s)
        now += waiting_s
        exchange(limiter, key, bucket(4), now)
    assert longest_s < 10


def test_room_is_what_can_go_without_making_a_budget_scarce():
    """The least of what the bucket, the channel and all requests together have left."""
    limiter = RateLimiter(requests_per_s=4)
    key = LimitKey("POST", "webhook", 1, posts_to=7)
    assert limiter.room(key, 0.0) == 1
    exchange(limiter, key, bucket(4), 0.0)
    assert limiter.room(key, 0.0) == 3
    assert limiter.room(key, 1.5) == 4
    limiter.begin(key)
    assert limiter.room(key, 1.5) == 3
    for _ in range(2):
        exchange(limiter, key, bucket(2), 1.6)
    assert limiter.room(key, 3.0) == 1
    exchange(limiter, key, bucket(1), 3.0)
    assert limiter.room(key, 5.0) == 0


def test_where_nothing_is_limited_there_is_room_for_all():
    """But for what all requests together may be."""
    limiter = RateLimiter()
    key = LimitKey("POST", "webhook", 1, posts_to=7)
    exchange(limiter, key, LimitHeaders(), 0.0)
    assert limiter.room(key, 2.0) == 50


def test_where_nothing_is_limited_nothing_is_paced():
    """As the server says by announcing no bucket."""
    limiter = RateLimiter()
    key = LimitKey("POST", "webhook", 1, posts_to=7)
    for _ in range(9):
        exchange(limiter, key, LimitHeaders(), 0.0)
    assert limiter.pace(key, 0.0) == 0


def test_a_request_that_is_withdrawn_costs_nothing():
    """Its turn is the next one's, in every budget."""
    limiter = RateLimiter(requests_per_s=1, channel_posts=1)
    key = LimitKey("POST", "webhook", 1, posts_to=7)
    for _ in range(3):
        assert limiter.delay(key, 0.0) == 0
        limiter.begin(key)
        assert limiter.delay(key, 0.0) > 0
        limiter.withdraw(key)
    limiter.begin(GET)
    limiter.withdraw(GET)
    assert limiter.delay(key, 0.0) == 0
