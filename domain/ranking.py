"""Who knows about something: a pure function over facts with a time, each rank with the evidence that produced it.

Four kinds of facts, each brought to 0..1 by saturation, so that the hundredth commit adds less than the first:

- paths: what somebody changed at or near the paths in question; a change one directory away counts half, two a quarter
  (directory back-off), and every 90 days halve a change's weight (the untuned baseline of `evals`);
- skills: the languages asked for, by the commits of the last year that touched them;
- work: commits, pull requests and issues whose words match the requirement;
- profile: how close the whole of what somebody works on is to the requirement.

Availability then scales the score down, because the best expert who is already drowned is a bad answer.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import fsum
from pathlib import PurePosixPath
from typing import Final, Literal

from domain.answers import Evidence
from domain.frozen import Frozen, Utc

HALF_LIFE: Final = timedelta(days=90)
BACK_OFF: Final = 0.5
_HALF_FULL: Final = {"path": 6.0, "skill": 15.0, "work": 3.0}
"""The weight at which a kind of fact is half convinced."""
_WEIGHTS: Final = {"path": 0.4, "skill": 0.25, "work": 0.25, "profile": 0.1}
UNAVAILABLE_FACTOR: Final = 0.4
"""What is left of the score of somebody with no time at all."""
REASONS_KEPT: Final = 6

Kind = Literal["path", "skill", "work", "profile"]


class Fact(Frozen):
    """Something that somebody did or knows.

    `weight` is what it is worth at the moment of the question, age taken off: in commits for a path or a skill, a
    likeness 0..1 for work and a profile.
    """

    person: str
    kind: Kind
    subject: str
    """The path, the skill, the title: what the fact is about. The weightiest work about one subject stands for it,
    facts of other kinds are added up."""
    weight: float
    at: Utc | None = None
    text: str = ""
    source: str | None = None


class Ranked(Frozen):
    """One person's place: the score 0..1, and why."""

    person: str
    score: float
    expertise: float
    reasons: tuple[Evidence, ...]


def rank(facts: Iterable[Fact], asked: Mapping[Kind, int], availability: Mapping[str, float | None]) -> list[Ranked]:
    """Everybody of whom there is a fact, best first.

    Args:
        facts: what is known, of any number of people.
        asked: the kinds that the question is about, each with how many subjects it names (two skills, one text);
            the other kinds are not held against anybody.
        availability: by person, 0..1; None or absent is taken as half, because unknown is neither.
    """
    by_person: dict[str, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    for fact in facts:
        by_person[fact.person][fact.kind].append(fact)
    whole = sum(_WEIGHTS[kind] for kind in asked) or 1.0
    ranked = []
    for person, kinds in by_person.items():
        parts = {kind: _part(kind, kinds[kind], count) for kind, count in asked.items() if kinds[kind]}
        expertise = sum(_WEIGHTS[kind] * part for kind, part in parts.items()) / whole
        free = availability.get(person)
        factor = UNAVAILABLE_FACTOR + (1 - UNAVAILABLE_FACTOR) * (0.5 if free is None else free)
        if expertise > 0:
            reasons = _reasons([fact for kind in asked for fact in kinds[kind]])
            ranked.append(
                Ranked(
                    person=person,
                    score=round(expertise * factor, 4),
                    expertise=round(expertise, 4),
                    reasons=reasons,
                )
            )
    return sorted(ranked, key=lambda r: (-r.score, r.person))


def decay(at: datetime | None, now: datetime) -> float:
    """What is left of a fact's weight: half after every `HALF_LIFE`; a fact without a time does not fade."""
    if at is None:
        return 1.0
    return float(0.5 ** (max(timedelta(0), now - at) / HALF_LIFE))


def nearness(touched: str, asked: str) -> float:
    """How much a change at `touched` says about `asked`: 1 at or below it, half for each directory it lies away.

    >>> nearness("src/pay/retry.py", "src/pay"), nearness("src/pay/x.py", "src/pay/retry.py")
    (1.0, 0.5)
    """
    wanted, had = PurePosixPath(asked).parts, PurePosixPath(touched).parts
    if had[: len(wanted)] == wanted:
        return 1.0
    common = next((i for i, (a, b) in enumerate(zip(wanted, had, strict=False)) if a != b), min(len(wanted), len(had)))
    return float(BACK_OFF ** (len(wanted) - common)) if common else 0.0


def _part(kind: Kind, facts: Sequence[Fact], subjects: int) -> float:
    if kind == "profile":
        return max(0.0, min(1.0, max(fact.weight for fact in facts)))
    if kind == "skill":
        by_skill: dict[str, list[float]] = defaultdict(list)
        for fact in facts:
            by_skill[fact.subject].append(fact.weight)
        return fsum(_saturate(kind, fsum(weights)) for weights in by_skill.values()) / subjects
    if kind == "work":
        # A commit, its pull request and its issue are one piece of work: the one that matches best stands for it.
        pieces: dict[str, float] = defaultdict(float)
        for fact in facts:
            pieces[fact.subject] = max(pieces[fact.subject], fact.weight)
        return _saturate(kind, fsum(pieces.values()))
    return _saturate(kind, fsum(fact.weight for fact in facts))


def _saturate(kind: Kind, weight: float) -> float:
    return weight / (weight + _HALF_FULL[kind])


def _reasons(facts: Sequence[Fact]) -> tuple[Evidence, ...]:
    """The facts that weigh most and have something to say, one for each subject."""
    strongest: dict[tuple[str, str], Fact] = {}
    for fact in sorted((fact for fact in facts if fact.text), key=_telling):
        strongest.setdefault((fact.kind, fact.subject), fact)
    told = list(strongest.values())[:REASONS_KEPT]
    return tuple(Evidence(kind=f.kind, text=f.text, at=f.at, source=f.source) for f in told)


def _telling(fact: Fact) -> tuple[float, float, str, str, str, str]:
    """Sorts the weightiest first, of equals the latest; the rest keeps the order in which facts came out of it."""
    weight = fact.weight * _WEIGHTS[fact.kind] / _HALF_FULL.get(fact.kind, 1.0)
    return (-weight, -fact.at.timestamp() if fact.at else 0.0, fact.subject, fact.kind, fact.text, fact.source or "")
