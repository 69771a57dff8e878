"""How often passwords may be guessed, on a clock that the tests move."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.guesses import (
    PER_ACCOUNT,
    PER_ADDRESS,
    PER_KNOWN_PAIR,
    Attempt,
    GuessEvent,
    GuessLimiter,
    Rate,
    TooManyAttempts,
)

SMALL = Rate(burst=3, refill_s=10.0)
LARGE = Rate(burst=5, refill_s=2.0)
PAIR = Rate(burst=2, refill_s=10.0)


def _limiter(**bounds: int) -> GuessLimiter:
    return GuessLimiter(per_address=SMALL, per_account=LARGE, per_known_pair=PAIR, **bounds)


def _fail(limiter: GuessLimiter, now: float, *, address="a", account: str | None = "ann") -> bool:
    """A wrong password; whether it was looked at."""
    try:
        limiter.admit(now, address=address, account=account)
    except TooManyAttempts:
        return False
    return True


def _succeed(limiter: GuessLimiter, now: float, *, address="a", account="ann") -> bool:
    try:
        limiter.was_right(limiter.admit(now, address=address, account=account))
    except TooManyAttempts:
        return False
    return True


def test_so_many_wrong_passwords_and_no_more():
    """After the burst an address is refused, and told when to come back; then it has one try."""
    limiter = _limiter()
    assert [_fail(limiter, 0.0) for _ in range(4)] == [True, True, True, False]
    with pytest.raises(TooManyAttempts) as refused:
        limiter.admit(4.0, address="a", account="ann")
    assert refused.value.retry_after_s == 6
    assert not _fail(limiter, 9.9)
    assert _fail(limiter, 10.0)
    assert not _fail(limiter, 10.0)


def test_refused_attempts_cost_nothing():
    """Who keeps hammering is not shut out for longer."""
    limiter = _limiter()
    for _ in range(100):
        _fail(limiter, 0.0)
    assert _fail(limiter, 10.0)


def test_right_passwords_cost_nothing():
    """Somebody who knows the password is never refused for using it."""
    limiter = _limiter()
    assert all(_succeed(limiter, 0.0) for _ in range(100))


def test_own_success_does_not_pay_for_guesses():
    """Logging in to an account of one's own buys no further guesses at another one."""
    limiter = _limiter()
    guesses = 0
    for _ in range(100):
        guesses += _fail(limiter, 0.0, account="victim")
        _succeed(limiter, 0.0, account="mallory")
    assert guesses == SMALL.burst


def test_what_was_no_guess_costs_nothing():
    """An attempt that ended before the password was looked at is given back."""
    limiter = _limiter()
    for _ in range(100):
        limiter.was_no_guess(limiter.admit(0.0, address="a", account="ann"))
    assert _fail(limiter, 0.0)


def test_one_attacker_shuts_nobody_else_out():
    """However long a single address guesses, the right password from another one gets in at once."""
    limiter = GuessLimiter()
    now = 0.0
    for _ in range(10_000):
        now += 0.5
        _fail(limiter, now, address="attacker")
    assert _succeed(limiter, now, address="owner")


def test_many_attackers_are_bounded_together():
    """However many addresses guess, an account sees no more than its own rate."""
    limiter = _limiter()
    seen = sum(
        _fail(limiter, float(second), address=f"{second}-{each}")
        for second in range(100)
        for each in range(10)
    )
    assert seen <= LARGE.burst + 100 / LARGE.refill_s


def test_many_attackers_do_not_shut_out_a_known_address():
    """From where the password was right before, the owner gets in while the account is attacked."""
    limiter = _limiter()
    assert _succeed(limiter, 0.0, address="home")
    for each in range(1000):
        _fail(limiter, 1.0, address=str(each))
    assert not _succeed(limiter, 1.0, address="cafe")
    assert _succeed(limiter, 1.0, address="home")
    assert _succeed(limiter, 1.0 + LARGE.refill_s, address="cafe")


def test_wrong_names_do_not_shut_out_a_known_user_of_the_address():
    """However many unknown names are tried from an address, who has logged in there still can."""
    limiter = _limiter()
    assert _succeed(limiter, 0.0)
    for each in range(100):
        _fail(limiter, 1.0, account=f"nobody {each}")
    assert not _fail(limiter, 1.0, account="bob")
    assert _succeed(limiter, 1.0)


def test_a_known_pair_is_limited_too():
    """Being known frees from what others did, not from guesses at this account."""
    limiter = _limiter()
    _succeed(limiter, 0.0)
    assert [_fail(limiter, 0.0) for _ in range(3)] == [True, True, False]
    assert not _succeed(limiter, 9.9)
    assert _succeed(limiter, 10.0)


def test_wrong_passwords_of_a_known_pair_cost_nobody_else():
    """Who mistypes the own password takes no attempts from others at the address, or elsewhere."""
    limiter = _limiter()
    _succeed(limiter, 0.0)
    for _ in range(100):
        _fail(limiter, 0.0)
    assert [_fail(limiter, 0.0, account="bob") for _ in range(3)] == [True, True, True]
    assert _succeed(limiter, 0.0, address="elsewhere")


def test_an_account_is_known_at_its_own_addresses_alone():
    """Being known somewhere buys no guesses elsewhere, nor at another account."""
    limiter = _limiter()
    _succeed(limiter, 0.0, account="mallory")
    _succeed(limiter, 0.0, address="home", account="ann")
    assert [_fail(limiter, 0.0) for _ in range(4)] == [True, True, True, False]


def test_attempts_without_an_account():
    """Administrators' tokens are limited by address alone."""
    limiter = _limiter()
    assert [_fail(limiter, 0.0, account=None) for _ in range(4)] == [True, True, True, False]
    limiter.was_right(limiter.admit(50.0, address="a", account=None))


def test_attempts_at_the_same_moment_count_before_their_outcome():
    """Guesses that run side by side cannot outrun the limit."""
    limiter = _limiter()
    running: list[Attempt] = []
    with pytest.raises(TooManyAttempts):
        running.extend(limiter.admit(0.0, address="a", account="ann") for _ in range(100))
    assert not _fail(limiter, 0.0)


def test_memory_is_bounded():
    """When there are too many budgets the fullest are forgotten: the nearly empty ones stay."""
    limiter = _limiter(max_budgets=10, max_known_pairs=10)
    for _ in range(3):
        _fail(limiter, 0.0, address="worst", account=None)
    for each in range(1000):
        _fail(limiter, 0.0, address=str(each), account=None)
    assert not _fail(limiter, 0.0, address="worst", account=None)
    for each in range(1000):
        assert _succeed(limiter, 0.0, address=f"known {each}", account=f"user {each}")


def test_of_too_many_known_pairs_the_latest_are_kept():
    """Somebody who logs in again and again stays known, however many others do."""
    limiter = _limiter(max_known_pairs=2)
    for each in range(10):
        assert _succeed(limiter, 0.0)
        assert _succeed(limiter, 0.0, account=f"user {each}")
    for each in range(10):
        _fail(limiter, 0.0, account=f"nobody {each}")
    assert _succeed(limiter, 0.0)
    assert not _succeed(limiter, 0.0, account="user 0")


def test_the_usual_rates_keep_their_order():
    """A single address runs dry before an account does, at once and in the long run."""
    assert PER_ADDRESS.burst < PER_ACCOUNT.burst
    assert PER_ADDRESS.refill_s > PER_ACCOUNT.refill_s
    assert PER_KNOWN_PAIR.burst < PER_ADDRESS.burst
    assert PER_KNOWN_PAIR.refill_s >= PER_ADDRESS.refill_s


@given(
    st.lists(
        st.tuples(
            st.floats(min_value=0, max_value=30),
            st.sampled_from("ab"),
            st.sampled_from(["ann", "bob", None]),
            st.sampled_from(["wrong", "right", "none"]),
        )
    )
)
def test_no_history_beats_the_limits(history):
    """Whatever is tried in whatever order, wrong guesses stay below the rates."""
    limiter = _limiter()
    now = 0.0
    wrong: dict[tuple[str, bool], int] = {}
    waits_s: list[int] = []
    for pause_s, address, account, outcome in history:
        now += pause_s
        try:
            attempt = limiter.admit(now, address=address, account=account)
        except TooManyAttempts as error:
            waits_s.append(error.retry_after_s)
            continue
        if outcome == "right":
            limiter.was_right(attempt)
        elif outcome == "none":
            limiter.was_no_guess(attempt)
        else:
            spent = (f"{address} {account}" if attempt.is_known else address, attempt.is_known)
            wrong[spent] = wrong.get(spent, 0) + 1
    assert all(1 <= wait_s <= SMALL.refill_s for wait_s in waits_s)
    for (_, is_known), guesses in wrong.items():
        rate = PAIR if is_known else SMALL
        assert guesses <= rate.burst + now / rate.refill_s


@given(
    st.lists(
        st.tuples(
            st.floats(min_value=0, max_value=30),
            st.sampled_from("ab"),
            st.sampled_from(["ann", "bob", None]),
            st.sampled_from(["wrong", "right", "none"]),
            st.booleans(),
        )
    )
)
def test_programs_that_tell_one_another_let_through_what_one_would(history):
    """Whichever of the two an attempt comes to."""
    alone, pair, now = _limiter(), (_limiter(), _limiter()), [0.0]
    for limiter, other in (pair, pair[::-1]):
        limiter.subscribe(
            lambda event, attempt, other=other: other.replay(now[0], event, attempt)  # type: ignore[misc]
        )
    for pause_s, address, account, outcome, is_second in history:
        now[0] += pause_s
        results = [
            _outcome(limiter, now[0], address, account, outcome)
            for limiter in (alone, pair[is_second])
        ]
        assert results[0] == results[1]


def _outcome(
    limiter: GuessLimiter, now: float, address: str, account: str | None, outcome: str
) -> tuple[int, bool]:
    try:
        attempt = limiter.admit(now, address=address, account=account)
    except TooManyAttempts as error:
        return error.retry_after_s, False
    if outcome == "right":
        limiter.was_right(attempt)
    elif outcome == "none":
        limiter.was_no_guess(attempt)
    return 0, attempt.is_known


def test_what_comes_back_to_a_forgotten_budget_changes_nothing():
    """While an attempt is under way, its address may be forgotten in favour of others; then it is full."""
    limiter = _limiter(max_budgets=1)
    under_way = limiter.admit(0.0, address="a", account=None)
    for _ in range(2):
        _fail(limiter, 0.0, address="b", account=None)
    limiter.was_no_guess(under_way)
    guesses = [_fail(limiter, 0.0, address="b", account=None) for _ in range(2)]
    assert guesses == [True, False]
    assert _fail(limiter, 0.0, address="a", account=None)


def test_a_right_password_of_no_account_is_told_in_vain():
    """Another program may tell what makes no sense: no pair becomes known by it."""
    limiter = _limiter()
    limiter.replay(0.0, GuessEvent.RIGHT, Attempt("a", None, is_known=False))
    assert not limiter.admit(0.0, address="a", account="ann").is_known
