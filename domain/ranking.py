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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import fsum
from typing import Final, Literal

from domain.answers import Evidence
from domain.frozen import Frozen

HALF_LIFE: Final = timedelta(days=90)
BACK_OFF: Final = 0.5
_HALF_FULL: Final = {"path": 6.0, "skill": 15.0, "work": 3.0}
"""The weight at which a kind of fact is half convinced."""
_WEIGHTS: Final = {"path": 0.4, "skill": 0.25, "work": 0.25, "profile": 0.1}
UNAVAILABLE_FACTOR: Final = 0.4
"""What is left of the score of somebody with no time at all."""
REASONS_KEPT: Final = 6

Kind = Literal["path", "skill", "work", "profile"]


@dataclass(frozen=True, slots=True)
class Fact:
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
    at: datetime | None = None
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
    known = _sorted_out(facts)
    ranked = [
        Ranked(
            person=person,
            score=score,
            expertise=round(expertise, 4),
            reasons=_reasons([fact for kind in asked for fact in known[person][kind]]),
        )
        for person, expertise, score in _scored(known, asked, availability)
    ]
    return sorted(ranked, key=lambda r: (-r.score, r.person))


def foremost(facts: Iterable[Fact], asked: Mapping[Kind, int], many: int) -> set[str]:
    """The `many` who come first in `rank` while nobody's availability is known, in a fraction of the time."""
    scored = _scored(_sorted_out(facts), asked, {})
    return {person for person, _, _ in sorted(scored, key=lambda s: (-s[2], s[0]))[:many]}


def _sorted_out(facts: Iterable[Fact]) -> Mapping[str, Mapping[str, Sequence[Fact]]]:
    """The facts by person and kind."""
    by_person: dict[str, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    for fact in facts:
        by_person[fact.person][fact.kind].append(fact)
    return by_person


def _scored(
    known: Mapping[str, Mapping[str, Sequence[Fact]]],
    asked: Mapping[Kind, int],
    availability: Mapping[str, float | None],
) -> Iterator[tuple[str, float, float]]:
    """Everybody with an expertise, that, and the score."""
    whole = sum(_WEIGHTS[kind] for kind in asked) or 1.0
    for person, kinds in known.items():
        parts = {kind: _part(kind, kinds[kind], count) for kind, count in asked.items() if kinds[kind]}
        expertise = sum(_WEIGHTS[kind] * part for kind, part in parts.items()) / whole
        free = availability.get(person)
        factor = UNAVAILABLE_FACTOR + (1 - UNAVAILABLE_FACTOR) * (0.5 if free is None else free)
        if expertise > 0:
            yield person, expertise, round(expertise * factor, 4)


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
    wanted, had = _parts(asked), _parts(touched)
    if had[: len(wanted)] == wanted:
        return 1.0
    common = next((i for i, (a, b) in enumerate(zip(wanted, had, strict=False)) if a != b), min(len(wanted), len(had)))
    return float(BACK_OFF ** (len(wanted) - common)) if common else 0.0


@lru_cache(maxsize=4_096)
def _parts(path: str) -> tuple[str, ...]:
    """Its folders, and the file; where it begins does not matter, all are of the root of a repository."""
    return tuple(part for part in path.split("/") if part not in {"", "."})


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
