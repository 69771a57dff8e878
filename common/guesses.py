"""How often passwords may be guessed. No I/O; time is passed in.

Every attempt spends from two budgets, that of the address it comes from and that of the account it
is for, and gets it back when the password turns out to be right: only wrong ones cost. A budget is
refilled slowly and steadily (the "generic cell rate algorithm", ATM Forum TM 4.0, in its virtual
scheduling form): all that is kept of it is the moment at which it will be full again, and one that
is full need not be kept.

An attack on an account must not lock its owner out:

* The budget of an address is the smaller one, so a single attacker runs dry long before the account
  does.
* Many attackers together can empty the account's budget, and an attacker behind the owner's address
  can empty that of the address. So an account and an address from which its password was right
  before are a known pair, which spends from a budget of its own and from neither of the others.
* From elsewhere the owner gets in as soon as the account's budget has something, which is soon.

All are bounded: when too many budgets are kept, the fullest is forgotten first, since that helps an
attacker least; of too many known pairs, the one whose password was right the longest time ago.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from common.ranking import Ranking
from common.wording import counted

MAX_BUDGETS = 20_000
MAX_KNOWN_PAIRS = 20_000


class FailedAttempt(Exception):
    """A password, or what stands for one, was tried and is wrong: the attempt counts as a guess."""

    code = "failed-attempt"


class TooManyAttempts(Exception):
    """Passwords were tried too often; another try is possible in `retry_after_s` whole seconds."""

    code = "too-many-attempts"

    def __init__(self, wait_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(wait_s))
        super().__init__(f"too many attempts: try again in {counted(self.retry_after_s, 'second')}")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many attempts at once, and another one every so many seconds."""

    burst: int
    refill_s: float


PER_ADDRESS = Rate(burst=20, refill_s=15.0)
PER_ACCOUNT = Rate(burst=100, refill_s=3.0)
PER_KNOWN_PAIR = Rate(burst=10, refill_s=15.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, whose outcome is not known yet.

    Attributes:
        address: where it comes from.
        account: None when it is for none.
        is_known: whether it spends from the budget of the known pair.
    """

    address: str
    account: str | None
    is_known: bool


class GuessEvent(Enum):
    """What became of an attempt."""

    ADMITTED = "admitted"
    """It was made, and spent."""
    NO_GUESS = "no-guess"
    """It gave back what it had spent."""
    RIGHT = "right"
    """The pair is known from now on."""


class GuessLimiter:
    """Decides which attempts at a password are made at all.

    Several programs that guard the same passwords tell one another what happens (`subscribe`,
    `replay`), so that together they let no more guesses through than one.
    """

    def __init__(
        self,
        *,
        per_address: Rate = PER_ADDRESS,
        per_account: Rate = PER_ACCOUNT,
        per_known_pair: Rate = PER_KNOWN_PAIR,
        max_budgets: int = MAX_BUDGETS,
        max_known_pairs: int = MAX_KNOWN_PAIRS,
    ) -> None:
        self._addresses = _Budgets(per_address, max_budgets)
        self._accounts = _Budgets(per_account, max_budgets)
        self._pairs = _Budgets(per_known_pair, max_budgets)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._max_known_pairs = max_known_pairs
        self._listeners: list[Callable[[GuessEvent, Attempt], None]] = []

    def subscribe(self, listener: Callable[[GuessEvent, Attempt], None]) -> None:
        """Calls back after every attempt and outcome, but not for those that are replayed."""
        self._listeners.append(listener)

    def replay(self, now: float, event: GuessEvent, attempt: Attempt) -> None:
        """Takes what has happened at another program."""
        if event is GuessEvent.ADMITTED:
            self._spend(now, attempt)
        elif event is GuessEvent.NO_GUESS:
            self._give_back(attempt)
        else:
            self._know(attempt)

    def admit(self, now: float, *, address: str, account: str | None) -> Attempt:
        """Admits an attempt and spends it; the caller reports afterwards if it was no guess.

        Args:
            now: seconds of a clock that never jumps.
            address: where it comes from.
            account: whose password it is; the caller passes one spelling for each account.

        Raises:
            TooManyAttempts: none is possible now. Nothing was spent.
        """
        is_known = account is not None and _pair(account, address) in self._known
        attempt = Attempt(address, account, is_known)
        spent = self._budgets_of(attempt)
        if (wait_s := max(budgets.wait_s(now, key) for budgets, key in spent)) > 0:
            raise TooManyAttempts(wait_s)
        self._spend(now, attempt)
        self._tell(GuessEvent.ADMITTED, attempt)
        return attempt

    def was_right(self, attempt: Attempt) -> None:
        """The password was right: nothing was spent, and the pair is known from now on."""
        self.was_no_guess(attempt)
        if attempt.account is not None:
            self._know(attempt)
            self._tell(GuessEvent.RIGHT, attempt)

    def _know(self, attempt: Attempt) -> None:
        if attempt.account is None:
            return
        pair = _pair(attempt.account, attempt.address)
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > self._max_known_pairs:
            self._known.popitem(last=False)

    def was_no_guess(self, attempt: Attempt) -> None:
        """Nothing was learnt about the password: nothing was spent."""
        self._give_back(attempt)
        self._tell(GuessEvent.NO_GUESS, attempt)

    def _spend(self, now: float, attempt: Attempt) -> None:
        for budgets, key in self._budgets_of(attempt):
            budgets.spend(now, key)

    def _give_back(self, attempt: Attempt) -> None:
        for budgets, key in self._budgets_of(attempt):
            budgets.give_back(key)

    def _tell(self, event: GuessEvent, attempt: Attempt) -> None:
        for listener in self._listeners:
            listener(event, attempt)

    def _budgets_of(self, attempt: Attempt) -> "list[tuple[_Budgets, str]]":
        """What an attempt spends from."""
        if attempt.account is None:
            return [(self._addresses, attempt.address)]
        if attempt.is_known:
            return [(self._pairs, _pair(attempt.account, attempt.address))]
        return [(self._addresses, attempt.address), (self._accounts, attempt.account)]


def _pair(account: str, address: str) -> str:
    return f"{account}\0{address}"


class _Budgets:
    """Budgets of one kind, by key."""

    def __init__(self, rate: Rate, limit: int) -> None:
        self._rate = rate
        self._limit = limit
        self._full_at: dict[str, float] = {}
        self._by_fullness = Ranking()

    def wait_s(self, now: float, key: str) -> float:
        """Seconds until the budget has an attempt; 0 when it has one now."""
        full_at = max(now, self._full_at.get(key, now))
        return max(0.0, full_at - now - (self._rate.burst - 1) * self._rate.refill_s)

    def spend(self, now: float, key: str) -> None:
        """Takes one attempt out of the budget."""
        self._put(key, max(now, self._full_at.get(key, now)) + self._rate.refill_s)
        self._forget(now)

    def give_back(self, key: str) -> None:
        """Puts one attempt back; a budget that is not kept any more is full."""
        if key in self._full_at:
            self._put(key, self._full_at[key] - self._rate.refill_s)

    def _put(self, key: str, full_at: float) -> None:
        self._full_at[key] = full_at
        self._by_fullness.put(key, (full_at, 0.0))

    def _forget(self, now: float) -> None:
        """Drops budgets that are full, and the fullest ones of too many."""
        while (key := self._by_fullness.first()) is not None and (
            self._full_at[key] <= now or len(self._full_at) > self._limit
        ):
            self._by_fullness.discard(key)
            del self._full_at[key]
