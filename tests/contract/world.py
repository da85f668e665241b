"""A made-up organisation large enough to bite: 50 people, 12 projects, 100,000 events of two years. Always the same."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Final, Literal

from domain.events import (
    Actor,
    Body,
    Commit,
    CommitDropped,
    Deployment,
    Event,
    FileChange,
    Issue,
    MetricSample,
    PullRequest,
    Review,
    Source,
    StatusCategory,
    WorkflowRun,
    git_actor,
)

BEGINS = datetime(2024, 11, 20, tzinfo=UTC)
ENDS = datetime(2026, 11, 20, tzinfo=UTC)
EVENTS = 100_000
PEOPLE = (
    "Zoë O'Brien", "Łukasz Żółć", "李小龙", "Дмитрий Иванов", "محمد علي", "Ana María Núñez", "Åsa Öberg", "山田 太郎",
    "Naïve 🦊", "D'Arcy \\ Backslash", *(f"Person {n}" for n in range(40)),
)  # fmt: skip
PROJECTS = ("api", "web", "payouts", "search", "ledger", "auth", "billing", "mobile", "docs", "infra", "data", "zürich")
WORDS = (
    "retry", "payout", "timeout", "search", "ranking", "index", "fix", "update", "add", "remove", "service", "handling",
    "cache", "token", "refresh", "deploy", "flaky", "tests", "café", "naïve", "connections", "pooling", "migration",
    "schema", "users", "running", "queries", "faster", "memory", "leaks", "ORDER-123", "v2.3.1", "http://a.b/c", "日本",
)  # fmt: skip
_ZONES = tuple(timezone(timedelta(minutes=minutes)) for minutes in (0, 60, -480, 330, 765))


@dataclass(frozen=True)
class Person:
    """Somebody, under three names."""

    git: Actor
    github: Actor
    jira: Actor

    @property
    def keys(self) -> tuple[str, ...]:
        """What events know them by."""
        return self.git.key, self.github.key, self.jira.key


CAST = tuple(
    Person(
        git_actor(name, f"p{n}@acme.dev"),
        Actor(source=Source.GITHUB, external_id=str(n), username=f"p{n}"),
        Actor(source=Source.JIRA, external_id=f"j{n}", name=name),
    )
    for n, name in enumerate(PEOPLE)
)
REFS = {name: (f"git:{name}", f"github:acme/{name}", f"jira:{name.upper()[:4]}") for name in PROJECTS}


@cache
def events() -> Sequence[Event]:
    """All of it, in the order of the log."""
    return tuple(_events())


def _events() -> Iterator[Event]:
    chance = random.Random(20261120)
    commits: list[Event] = []
    for n in range(EVENTS):
        made = _event(n, chance, commits)
        if made.body.type == "commit":
            commits.append(made)
        yield made


def _event(n: int, chance: random.Random, commits: list[Event]) -> Event:
    kind = chance.random()
    at = BEGINS + timedelta(microseconds=int(chance.random() * (ENDS - BEGINS) / timedelta(microseconds=1)))
    scene = Scene(
        n=n,
        at=at.astimezone(chance.choice(_ZONES)),
        who=CAST[int(len(CAST) * chance.random() ** 1.7)],
        refs=REFS[PROJECTS[int(len(PROJECTS) * chance.random() ** 1.5)]],
        chance=chance,
    )
    if commits and kind < 0.03:
        return _again(scene, chance.choice(commits), kind)
    return next(make for share, make in _MAKERS if kind < share)(scene)


@dataclass(frozen=True)
class Scene:
    """When, where and by whom something happens."""

    n: int
    at: datetime
    who: Person
    refs: tuple[str, str, str]
    chance: random.Random

    def told(self, by: Source, id_: str, entity: str, body: Body, who: Actor | None = None) -> Event:
        """It as an event."""
        project = {Source.GIT: 0, Source.JIRA: 2}.get(by, 1)
        return Event(
            id=id_, source=by, occurred_at=self.at, entity=entity, project=self.refs[project], actor=who, body=body
        )


def _again(scene: Scene, old: Event, kind: float) -> Event:
    """A commit that is dropped, comes back, or is seen through the other source, too."""
    if kind < 0.004:
        dropped = CommitDropped(sha=old.entity.removeprefix("commit:"))
        told = scene.told(Source.GIT, f"drop:{scene.n}", old.entity, dropped)
        return told.model_copy(update={"project": old.project})
    elsewhere = {git: github for git, github, _ in REFS.values()}
    ref = old.project if kind < 0.006 else elsewhere.get(old.project or "", old.project)
    return old.model_copy(update={"id": f"{old.id}:again:{scene.n}", "project": ref})


def _commit(scene: Scene) -> Event:
    chance = scene.chance
    files = tuple(
        FileChange(
            path=f"src/part{int(8 * chance.random() ** 2)}/unit{chance.randrange(4)}/f{chance.randrange(6)}.{end}"
        )
        for end in chance.choices(("py", "ts", "go", "md", "unknown_%"), k=chance.randrange(4))
    )
    pair = (chance.choice(CAST).git,) if chance.random() < 0.1 else ()
    body = Commit(
        sha=f"{scene.n:040x}", title=_title(chance), message=_title(chance), authored_at=scene.at, files=files,
        files_total=len(files), co_authors=pair, parents=("a", "b") if chance.random() < 0.05 else ("a",),
    )  # fmt: skip
    return scene.told(Source.GIT, f"commit:{scene.n}", f"commit:{body.sha}", body, scene.who.git)


def _pull(scene: Scene) -> Event:
    number = scene.n % 900
    kind: Literal["pr_opened", "pr_merged"] = scene.chance.choice(("pr_opened", "pr_merged"))
    body = PullRequest(
        type=kind, number=number, title=_title(scene.chance), text=_title(scene.chance), created_at=scene.at,
        updated_at=scene.at, state="merged" if kind == "pr_merged" else "open",
    )  # fmt: skip
    return scene.told(Source.GITHUB, f"pr:{scene.n}", f"pr:{scene.refs[1]}#{number}", body, scene.who.github)


def _review(scene: Scene) -> Event:
    number = scene.n % 900
    body = Review(number=number, pr_title=_title(scene.chance), verdict="approved")
    reviewer = scene.chance.choice(CAST).github
    return scene.told(Source.GITHUB, f"review:{scene.n}", f"pr:{scene.refs[1]}#{number}", body, reviewer)


def _issue(scene: Scene) -> Event:
    number = scene.n % 2_000
    category: StatusCategory = scene.chance.choice(("todo", "doing", "done"))
    body = Issue(
        type="issue_updated", key=f"P-{number}", title=_title(scene.chance), status=category, category=category,
        created_at=scene.at, updated_at=scene.at,
    )  # fmt: skip
    return scene.told(Source.JIRA, f"issue:{scene.n}", f"issue:P-{number}", body, scene.who.jira)


def _run(scene: Scene) -> Event:
    at = scene.at
    body = WorkflowRun(
        run_id=str(scene.n), attempt=1, name="ci", conclusion="success", sha="0", started_at=at, finished_at=at
    )
    return scene.told(Source.GITHUB, f"run:{scene.n}", f"run:{scene.n}", body)


def _deployment(scene: Scene) -> Event:
    body = Deployment(
        deployment_id=str(scene.n), environment="prod", production=True, outcome="success", sha="0",
        requested_at=scene.at, finished_at=scene.at,
    )  # fmt: skip
    return scene.told(Source.GITHUB, f"deployment:{scene.n}", f"deployment:{scene.n}", body)


def _sample(scene: Scene) -> Event:
    series = scene.n % 3
    body = MetricSample(metric=f"latency_{series}", value=round(scene.chance.random(), 6), labels={"of": scene.refs[1]})
    return scene.told(Source.PROMETHEUS, f"sample:{scene.n}", f"series:{series}:{scene.refs[1]}", body)


_MAKERS: Final[tuple[tuple[float, Callable[[Scene], Event]], ...]] = (
    (0.33, _commit), (0.48, _pull), (0.55, _review), (0.68, _issue), (0.80, _run), (0.83, _deployment), (1, _sample),
)  # fmt: skip


def _title(chance: random.Random) -> str:
    rare = f" t{chance.randrange(20_000)}" if chance.random() < 0.5 else ""
    return " ".join(chance.choices(WORDS, k=4)) + rare
