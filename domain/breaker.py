"""When to try a store again that failed: soon at first, then ever more seldom, and with one attempt to see."""

from typing import Final, Literal

from domain.frozen import Frozen

BreakerState = Literal["closed", "half_open", "open"]

THRESHOLD: Final = 4
"""After so many failures in a row it is no hiccup any more."""
FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 30.0


class Breaker(Frozen):
    """A circuit breaker as a value: every change gives a new one. Times are seconds of any clock that only goes on.

    `closed` lets every attempt through, `open` none before `until`; then it is `half_open` while one attempt shows
    whether the store is back.

    Shape:
        threshold: after so many failures in a row it opens.
        first_pause, longest_pause: seconds; each pause is twice the one before.
    """

    state: BreakerState = "closed"
    failures: int = 0
    until: float = 0.0
    threshold: int = THRESHOLD
    first_pause: float = FIRST_PAUSE
    longest_pause: float = LONGEST_PAUSE

    def wait(self, now: float) -> float:
        """Seconds until an attempt may begin; 0 if it may begin now."""
        return max(0.0, self.until - now)

    def attempted(self, now: float) -> "Breaker | None":
        """The breaker while an attempt is under way, or None if none may begin."""
        if self.wait(now) or self.state == "half_open":
            return None
        return self.model_copy(update={"state": "half_open"}) if self.state == "open" else self

    def succeeded(self) -> "Breaker":
        """The breaker after an attempt that went well."""
        if not self.failures and self.state == "closed":
            return self
        return self.model_copy(update={"state": "closed", "failures": 0, "until": 0.0})

    def failed(self, now: float, luck: float) -> "Breaker":
        """The breaker after an attempt that failed.

        Args:
            now: when it failed.
            luck: 0 to 1; spreads the next attempts of several that failed together.
        """
        failures = self.failures + 1
        pause = min(self.longest_pause, self.first_pause * 2 ** min(failures - 1, 16)) * (0.5 + luck / 2)
        opened = self.state == "half_open" or failures >= self.threshold
        state = "open" if opened else "closed"
        return self.model_copy(update={"state": state, "failures": failures, "until": now + pause})
