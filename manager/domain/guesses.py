"""How often passwords may be guessed. No I/O; time is passed in.

Every attempt spends from two budgets, that of the address it comes from and that of the account it
is for, and gets it back when the password turns out to be right: only wrong ones cost. A budget is
refilled slowly and steadily (the "generic cell rate algorithm", ATM Forum TM 4.0, in its virtual
scheduling form): all that is kept of it is the moment at which it will be full again, and one that
is full need not be kept.

Who attacks an account must not shut its owner out:

* The budget of an address is the smaller one, so a single attacker runs dry long before the account
  does.
* Many attackers together can empty the account's budget. Addresses from which its password was
  right before do not depend on it; others get in as soon as it has something, which is soon.

Both are bounded: when too many budgets are kept, the fullest is forgotten first, since that gives
the least away.
"""

from collections import OrderedDict
from dataclasses import dataclass

from manager.domain._ranking import Ranking
from manager.errors import TooManyAttempts

MAX_BUDGETS = 20_000
MAX_KNOWN_ADDRESSES = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many attempts at once, and another one every so many seconds."""

    burst: int
    refill_s: float


PER_ADDRESS = Rate(burst=20, refill_s=15.0)
PER_ACCOUNT = Rate(burst=100, refill_s=3.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, whose outcome is not known yet; `account` is None when it is for none."""

    address: str
    account: str | None
    spent_account: bool


class GuessLimiter:
    """Decides which attempts at a password are made at all."""

    def __init__(
        self,
        *,
        per_address: Rate = PER_ADDRESS,
        per_account: Rate = PER_ACCOUNT,
        max_budgets: int = MAX_BUDGETS,
        max_known_addresses: int = MAX_KNOWN_ADDRESSES,
    ) -> None:
        self._addresses = _Budgets(per_address, max_budgets)
        self._accounts = _Budgets(per_account, max_budgets)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._max_known_addresses = max_known_addresses

    def admit(self, now: float, *, address: str, account: str | None) -> Attempt:
        """Lets an attempt be made, and spends it; its outcome is told afterwards, if it was no guess.

        Args:
            now: seconds of a clock that never jumps.
            address: where it comes from.
            account: whose password it is, in whatever spelling the caller holds for the same.

        Raises:
            TooManyAttempts: says when to come back. Nothing was spent.
        """
        depends_on_account = account is not None and (account, address) not in self._known
        waits_s = [self._addresses.wait_s(now, address)]
        if account is not None and depends_on_account:
            waits_s.append(self._accounts.wait_s(now, account))
        if (wait_s := max(waits_s)) > 0:
            raise TooManyAttempts(wait_s)
        self._addresses.spend(now, address)
        if account is not None and depends_on_account:
            self._accounts.spend(now, account)
        return Attempt(address, account, depends_on_account)

    def was_right(self, attempt: Attempt) -> None:
        """The password was right: nothing was spent, and the address is known from now on."""
        self.was_no_guess(attempt)
        if attempt.account is None:
            return
        known = (attempt.account, attempt.address)
        self._known[known] = None
        self._known.move_to_end(known)
        if len(self._known) > self._max_known_addresses:
            self._known.popitem(last=False)

    def was_no_guess(self, attempt: Attempt) -> None:
        """Nothing was learnt about the password: nothing was spent."""
        self._addresses.give_back(attempt.address)
        if attempt.account is not None and attempt.spent_account:
            self._accounts.give_back(attempt.account)


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
        while (key := self._by_fullness.first()) is not None:
            if self._full_at[key] > now and len(self._full_at) <= self._limit:
                return
            self._by_fullness.discard(key)
            del self._full_at[key]
