"""How each project works: how much, how fast, when it deploys, and what goes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Trouble = Literal["incident", "revert", "incident+revert"]
Hours = tuple[float, float]
"""Between how many and how many working hours something takes."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something that goes wrong with the first fitting deployment that is at most `days` before the end."""

    days: int
    kind: Trouble
    names: Literal["deployment", "pull request"] = "deployment"
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a project works.

    Shape:
        tasks: changes by people over the whole sample; 0 means one or two every working day.
        bumps: changes by dependabot.
        coding, pickup, review, merging: how long each part of a change takes.
        tracked: share of changes that have an issue.
        deploys: weekday -> hours of the day at which whatever was merged goes out.
        deploy_days: days before the end with a deployment, for a project without a rhythm.
        fails: every so many deployments to production one ends in a failure; 0 is never.
        mishaps: successful deployments that turn out bad.
        urgency: minutes that each step of repairing a mishap takes.
    """

    tasks: int
    bumps: int
    coding: Hours
    pickup: Hours
    review: Hours
    merging: Hours
    tracked: float
    deploys: dict[int, tuple[int, ...]]
    deploy_days: tuple[int, ...] = ()
    fails: int = 0
    mishaps: tuple[Mishap, ...] = ()
    urgency: int = 30


PACES: Final[Mapping[str, Pace]] = {
    "payouts": Pace(
        tasks=26,
        bumps=6,
        coding=(3, 14),
        pickup=(1.5, 7),
        review=(1, 6),
        merging=(0.5, 4),
        tracked=0.9,
        deploys={1: (13,), 3: (13,)},
        mishaps=(Mishap(52, "revert", fact="revert"),),
    ),
    "checkout": Pace(
        tasks=26,
        bumps=3,
        coding=(9, 30),
        pickup=(14, 42),
        review=(8, 26),
        merging=(3, 16),
        tracked=0.95,
        deploys={1: (14,), 3: (14,)},
        fails=4,
        mishaps=(
            Mishap(85, "revert"),
            Mishap(68, "incident+revert"),
            Mishap(49, "incident", names="pull request"),
            Mishap(33, "incident+revert"),
            Mishap(17, "incident"),
        ),
        urgency=240,
    ),
    "storefront": Pace(
        tasks=32,
        bumps=10,
        coding=(2, 10),
        pickup=(1, 6),
        review=(0.5, 4),
        merging=(0.3, 3),
        tracked=0.85,
        deploys={0: (10,), 2: (10,), 3: (14,)},
        mishaps=(Mishap(44, "incident", fact="incident"),),
        urgency=25,
    ),
    "search": Pace(
        tasks=0,
        bumps=14,
        coding=(0.4, 1.2),
        pickup=(0.15, 0.7),
        review=(0.1, 0.5),
        merging=(0.1, 0.4),
        tracked=0.16,
        deploys=dict.fromkeys(range(5), (11, 15)),
        mishaps=tuple(Mishap(days, "incident+revert") for days in (86, 67, 48, 29, 13)),
        urgency=6,
    ),
    "dispatch": Pace(
        tasks=45,
        bumps=4,
        coding=(3, 14),
        pickup=(1.5, 8),
        review=(1, 6),
        merging=(0.5, 4),
        tracked=0.85,
        deploys={1: (9,), 3: (9,)},
        mishaps=(Mishap(60, "incident", names="pull request"),),
    ),
    "courier-app": Pace(
        tasks=20,
        bumps=5,
        coding=(4, 16),
        pickup=(2, 9),
        review=(1, 7),
        merging=(0.5, 5),
        tracked=0.85,
        deploys={2: (12,)},
    ),
    "platform-infra": Pace(
        tasks=16,
        bumps=0,
        coding=(4, 18),
        pickup=(2, 12),
        review=(1, 8),
        merging=(0.5, 6),
        tracked=0.7,
        deploys={},
        deploy_days=(104, 82, 47, 15),
    ),
    "data-warehouse": Pace(
        tasks=34,
        bumps=2,
        coding=(2, 9),
        pickup=(1, 6),
        review=(0.5, 4),
        merging=(0.3, 3),
        tracked=0.6,
        deploys={0: (8,), 3: (8,)},
    ),
}
"""Paces by project name."""
