"""Numbers that can be defended: each says what it counted, over what, of how many, and when it says nothing."""

import operator
from collections.abc import Sequence
from statistics import median
from typing import Final, Literal

from domain.frozen import Frozen
from domain.text import count
from domain.window import Window

Tier = Literal["elite", "high", "medium", "low"]

ENOUGH: Final = 5
"""Below this many observations a rate or a median is an anecdote, and is not given."""

HOUR: Final = 3_600.0


class Metric(Frozen):
    """One figure.

    Shape:
        value: the figure in `unit`, or None when there is not enough to say it.
        n: how many observations it rests on.
        window: the days they lie in.
        definition: what was counted.
        tier: DORA's word for it (2023 thresholds), where there is one.
        missing: what could not be counted, and why; empty when nothing is missing.
    """

    name: str
    value: float | None = None
    unit: str
    n: int
    window: str
    definition: str
    tier: Tier | None = None
    missing: str = ""


def metric(
    name: str,
    values: Sequence[float],
    *,
    unit: str,
    window: Window,
    definition: str,
    bounds: tuple[float, float, float] | None = None,
    missing: str = "",
) -> Metric:
    """The median of `values` as a metric, or its absence when there are too few of them.

    Args:
        name: what it is called.
        values: one for each observation.
        unit: what they are measured in.
        window: the span they were observed in.
        definition: what one value is.
        bounds: the upper bounds of elite, high and medium, in `unit`; lower is better, and a bound itself is no longer
            within.
        missing: what is not among the values, and why.
    """
    n = len(values)
    if n < ENOUGH:
        short = too_few(n, "observation")
        return Metric(
            name=name, value=None, unit=unit, n=n, window=str(window), definition=definition,
            missing=f"{short}; {missing}" if missing else short,
        )  # fmt: skip
    middle = median(values)
    return Metric(
        name=name, value=round(middle, 2), unit=unit, n=n, window=str(window), definition=definition,
        tier=tier(middle, bounds, reached=False) if bounds else None, missing=missing,
    )  # fmt: skip


def share(
    name: str,
    part: int,
    whole: int,
    *,
    window: Window,
    definition: str,
    bounds: tuple[float, float, float] | None = None,
    missing: str = "",
) -> Metric:
    """`part` of `whole` as a metric between 0 and 1, or its absence when the whole is too small."""
    enough = whole >= ENOUGH
    if not enough:
        missing = "; ".join(text for text in (too_few(whole, "observation"), missing) if text)
    value = part / whole if enough else None
    return Metric(
        name=name,
        value=None if value is None else round(value, 4),
        unit="share",
        n=whole,
        window=str(window),
        definition=definition,
        tier=tier(value, bounds, reached=True) if bounds and value is not None else None,
        missing=missing,
    )


def tier(value: float, bounds: tuple[float, float, float], *, reached: bool) -> Tier:
    """DORA's word for a value of which less is better.

    Args:
        value: the figure.
        bounds: where elite, high and medium end.
        reached: whether a value on a bound is still within: a rate of 5 % is elite, a time of one day is not.
    """
    within = operator.le if reached else operator.lt
    grades: tuple[Tier, Tier, Tier] = ("elite", "high", "medium")
    return next((grade for grade, bound in zip(grades, bounds, strict=True) if within(value, bound)), "low")


def too_few(n: int, what: str) -> str:
    """How the absence of a figure is said."""
    return f"insufficient data: {count(n, what)}, at least {ENOUGH} are needed"


def percentile(values: Sequence[float], fraction: float) -> float:
    """The value below which `fraction` of `values` lie, linearly interpolated; `values` must not be empty."""
    ranked = sorted(values)
    position = (len(ranked) - 1) * fraction
    low = int(position)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (position - low)
