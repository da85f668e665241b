"""PostgreSQL and ClickHouse give equal answers to every question, over a world that is large enough to bite."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from adapters.postgres.database import Database
from domain.delivery import DELIVERY_TYPES
from domain.events import CommitDropped, Event, MetricSample, Source
from domain.ports import Batch
from domain.routing import Store, stores_for
from domain.window import Window
from tests.contract import world
from tests.contract.conftest import opened_events
from tests.contract.filling import FilledEvents
from tests.events import ADA, GRACE, at, commit, event, pull

PAIR = tuple[FilledEvents, FilledEvents]
ALWAYS = Window(since=world.BEGINS - timedelta(days=1), until=world.ENDS + timedelta(days=1))
YEAR = Window(since=world.ENDS - timedelta(days=365), until=world.ENDS)
ODD = Window(since=world.ENDS - timedelta(days=91, seconds=4321.123457), until=world.ENDS - timedelta(hours=7.7))
NOTHING = Window(since=world.ENDS + timedelta(days=400), until=world.ENDS + timedelta(days=401))
BACKWARDS = Window(since=ODD.until, until=ODD.since)
EVERYBODY = {key: str(n) for n, person in enumerate(world.CAST) for key in person.keys}
SOMEBODY = dict.fromkeys(world.CAST[2].keys, "a") | dict.fromkeys((*world.CAST[0].keys, *world.CAST[9].keys), "b")
EVERYWHERE = {ref: name for name, refs in world.REFS.items() for ref in refs}
SOMEWHERE = dict.fromkeys(world.REFS["zürich"], "zürich") | {world.REFS["api"][0]: "api"}
DAY = timedelta(days=1)
COUNTED = ("commit", "pr_merged", "pr_reviewed")


@pytest.fixture(scope="session")
async def pair(database: Database, chdb_url: str) -> AsyncIterator[PAIR]:
    """The same world in both engines."""
    org = f"world-{uuid.uuid4().hex[:8]}"
    told = [event for event in world.events() if Store.EVENTS in stores_for(event.type)]
    async with opened_events(None, database, org) as one, opened_events(chdb_url, database, org) as other:
        for engine in (one, other):
            for after in range(0, len(told), 20_000):
                part = tuple(told[after : after + 20_000])
                assert await engine.apply(Batch(lane=0, after=after, upto=after + len(part), events=part))
            await (
                engine.settle()
            )  # as the router does after so many: what nobody has counted is searched in a poor order
        yield one, other


Ask = Callable[[FilledEvents], Awaitable[Any]]


def ask(question: str, *arguments: object, **more: object) -> Ask:
    """A question that any engine can be asked."""
    return lambda events: getattr(events, question)(*arguments, **more)


QUESTIONS: Mapping[str, Ask] = {
    **{
        f"activity, {name}, {people_are}, {places_are}": ask(
            "activity", window, COUNTED, accounts=people, projects=places
        )
        for name, window in {"always": ALWAYS, "odd": ODD, "nothing": NOTHING, "backwards": BACKWARDS}.items()
        for people_are, people in {"everybody": None, "some": SOMEBODY, "nobody": {}}.items()
        for places_are, places in {"everywhere": None, "somewhere": SOMEWHERE}.items()
    },
    "activity of all types": ask("activity", YEAR, ("commit", *DELIVERY_TYPES, "workflow_run")),
    "activity of none": ask("activity", YEAR, ()),
    "last seen, everybody": ask("last_seen", EVERYBODY),
    "last seen, some": ask("last_seen", {**SOMEBODY, "github:nobody": "n"}),
    "last seen, nobody": ask("last_seen", {}),
    "touches": ask("touches", YEAR, half_life=90 * DAY, limit=100_000),
    "touches, the first few": ask("touches", YEAR, half_life=90 * DAY, limit=37),
    "touches of some, somewhere": ask("touches", ODD, half_life=DAY, accounts=SOMEBODY, projects=SOMEWHERE),
    "touches, grouped": ask("touches", ALWAYS, half_life=7 * DAY, accounts=EVERYBODY, projects=EVERYWHERE),
    **{
        f"touches at {path!r}": ask("touches", ALWAYS, half_life=90 * DAY, paths=[path])
        for path in (
            "src/part0/unit1/f2.py",
            "src/part3",
            "src",
            "/src/part1/",
            "part1",
            "",
            "src/part%",
            "src/part_",
            "*",
        )
    },
    **{
        f"the nearest {limit} touches": ask(
            "touches", ALWAYS, half_life=90 * DAY, paths=["src/part0/unit1/f2.py"], limit=limit
        )
        for limit in (1, 40, 400)
    },
    "touches at several": ask("touches", ALWAYS, half_life=90 * DAY, paths=["src/part5/unit0", "src/part6/x.py"]),
    "skills": ask("skills", YEAR),
    "skills of some": ask("skills", ODD, accounts=SOMEBODY, skills=["Python", "Go", "COBOL"]),
    "skills, none": ask("skills", YEAR, skills=[]),
    **{
        f"work with {text!r}": ask("find_work", text, YEAR)
        for text in (
            "retry the payouts after a timeout",
            "t77 t5555 t123",
            "t1 t2 t3 t4 t5 t6 t7 retrying",
            "café 日本",
            "fix",
            "update service handling",
            "ORDER-123",
            "http://a.b/c",
            "v2.3.1 connections",
            "no such words anywhere",
            " ".join(f"t{n}" for n in range(200)),
        )
    },
    "work somewhere": ask("find_work", "t7 ranking queries", ALWAYS, projects=list(SOMEWHERE)),
    "work, the first few": ask("find_work", "retry payouts", ALWAYS, limit=7),
    "work, nowhere": ask("find_work", "retry", ALWAYS, projects=[]),
    "read": ask("read", DELIVERY_TYPES, ODD),
    "read somewhere": ask("read", ("commit", "pr_merged"), YEAR, projects=list(SOMEWHERE)),
    "read, the first few": ask("read", ("metric_sample", "issue_updated"), ALWAYS, limit=101),
    "read nothing": ask("read", ("sprint_closed",), ALWAYS),
    "happened to one": ask("happened", entity=f"pr:{world.REFS['web'][1]}#7"),
    "happened, by id": ask("happened", ids=[f"pr:{n}" for n in range(2_000)], limit=300),
    "happened, both": ask("happened", ids=["issue:1", "issue:2"], entity="issue:P-1"),
    "happened to nothing": ask("happened", entity=""),
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_both_give_the_same_answer(pair: PAIR, question: str) -> None:
    """Whatever is asked, whoever answers."""
    one, other = [_told(await QUESTIONS[question](engine)) for engine in pair]

    assert other == one


async def test_the_world_is_large_enough_to_bite(pair: PAIR) -> None:
    """Questions that find nothing compare nothing."""
    postgres, _ = pair
    plenty = ("activity, odd, some, somewhere", "touches at 'src/part3'", "skills of some", "work with 'fix'")
    found = {name: len(_told(await QUESTIONS[name](postgres))) for name in plenty}
    [commits] = await postgres.activity(
        ALWAYS, ("commit",), accounts=dict.fromkeys(EVERYBODY, "all"), projects=dict.fromkeys(EVERYWHERE, "all")
    )
    dropped = await postgres.read(("commit_dropped",), ALWAYS)

    assert min(found.values()) >= 4
    assert len(dropped) > 300
    assert commits.n < len({e.entity for e in world.events() if e.body.type == "commit"}) - 200


def _told(answer: Any) -> Any:
    if isinstance(answer, Mapping):
        return dict(answer)
    return list(answer)


# Few things, so that they meet: a commit, its drop, its coming back, the same one through another source.
_HAPPENINGS: Sequence[Event] = (
    commit("c1", ADA, "src/a.py", "b.ts", hours=1, title="Retry payouts"),
    event("drop1", CommitDropped(sha="c1"), entity="commit:c1", project="git:api", source=Source.GIT, when=at(5)),
    commit("c1", ADA, "src/a.py", "b.ts", hours=1, title="Retry payouts").model_copy(update={"id": "git:api:c1:again"}),
    commit("c1", ADA, "src/a.py", hours=1, title="Retry payouts", project="github:acme/api"),
    event("drop2", CommitDropped(sha="c1"), entity="commit:c1", project="git:api", source=Source.GIT, when=at(9)),
    commit("c2", GRACE, "src/a.py", hours=30, title="Fix payouts", co_authors=(ADA,)),
    event("drop3", CommitDropped(sha="c2"), entity="commit:c2", project="git:api", source=Source.GIT, when=at(40)),
    pull(1, "pr_opened", title="Retry payouts", hours=2),
    pull(1, "pr_merged", title="Retry payouts", hours=50),
    event("m1", MetricSample(metric="up", value=0.25), entity="series:up", when=at(2)),
    event("m2", MetricSample(metric="up", value=0.5), entity="series:up", when=at(3)),
)
_ASKED: Sequence[Ask] = (
    ask("activity", ALWAYS, COUNTED),
    ask("activity", ALWAYS, COUNTED, projects={"git:api": "api", "github:acme/api": "api"}),
    ask("last_seen", {ADA.key: "ada", GRACE.key: "grace", "github:1": "one"}),
    ask("touches", ALWAYS, half_life=90 * DAY),
    ask("skills", ALWAYS),
    ask("find_work", "retry payouts", ALWAYS),
    ask("read", ("commit", "pr_opened", "pr_merged", "metric_sample"), ALWAYS),
    ask("happened", entity="commit:c1"),
)


@dataclass(frozen=True)
class Course:
    """How a log came to be, and how it is applied."""

    order: list[str]
    left_out: set[str]
    cuts: list[int]
    replay_from: int


_COURSES = st.builds(
    Course,
    order=st.permutations(sorted({e.entity for e in _HAPPENINGS})),
    left_out=st.sets(st.sampled_from([e.id for e in _HAPPENINGS]), max_size=4),
    cuts=st.lists(st.integers(1, 10), max_size=2),
    replay_from=st.integers(0, 10),
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate]
)
@given(course=_COURSES)
async def test_any_order_any_batches_and_a_replay_make_no_difference(
    database: Database, chdb_url: str, course: Course
) -> None:
    """Entities in any order, each in its own; cut into any batches; some of it once more. Both tell the same story."""
    log = [e for entity in course.order for e in _HAPPENINGS if e.entity == entity and e.id not in course.left_out]
    org = f"any-{uuid.uuid4().hex[:12]}"
    async with opened_events(None, database, org) as one, opened_events(chdb_url, database, org) as other:
        for engine in (one, other):
            for start, bounds in ((0, course.cuts), (min(course.replay_from, len(log)), ())):
                await engine.rewind(start)
                edges = sorted({start, len(log), *(cut for cut in bounds if cut < len(log))})
                for after, upto in pairwise(edges):
                    assert await engine.apply(Batch(lane=0, after=after, upto=upto, events=tuple(log[after:upto])))
        for question in _ASKED:
            assert _told(await question(other)) == _told(await question(one))
