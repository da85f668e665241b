"""What measurements add up to, by the hour and by the day."""

from typing import Literal

from domain.frozen import Frozen, Utc

Step = Literal["hour", "day"]


class Measured(Frozen):
    """One series over one hour or one day.

    Shape:
        at: when it begins.
        n: how many measurements it rests on.
        total: their sum; together with `n` it can be added up further, which an average cannot.
        median: of a sketch (t-digest), so about; as are `p90` and `p99`.
    """

    project: str | None
    labels: str
    at: Utc
    n: int
    total: float
    least: float
    most: float
    latest: float
    median: float
    p90: float
    p99: float

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return self.total / self.n
