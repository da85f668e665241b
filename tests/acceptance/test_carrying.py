"""Each comment, move and message exactly once: over wires that break, with carriers that are killed, two at a time.

The real client packages, against a Jira and a Slack that remember.
"""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.actions.postgres import put_decided
from domain.actions import Draft
from domain.automations import action_key
from domain.ports import Decided
from server.bootstrap import Engine, open_engine
from server.settings import Settings
from tests.acceptance.carrying import quick
from tests.acceptance.program import ROOT, environment
from tests.acceptance.upstreams import Fault, Jira, Slack, faulty_wire, upstream

TOKEN = "token-that-must-not-leak"


@pytest.fixture
def jira() -> Iterator[Jira]:
    """A Jira with a few issues."""
    with upstream(Jira(status={f"PAY-{number}": "To Do" for number in range(1, 40)})) as served:
        yield served


@pytest.fixture
def slack() -> Iterator[Slack]:
    """A Slack with one channel."""
    with upstream(Slack()) as served:
        yield served


@asynccontextmanager
async def engine(home: Path, jira: str, slack: str, **fields: Any) -> AsyncIterator[Engine]:
    """The program, in a hurry."""
    settings = Settings(
        home=str(home), writes="on", jira_url=jira, jira_user="bot@acme.dev", jira_token=TOKEN, slack_token=TOKEN,
        slack_url=slack,
    )  # fmt: skip
    async with open_engine(settings) as opened:
        quick(opened.courier, **fields)
        yield opened


def comment(number: int) -> Draft:
    """A comment on an issue of its own."""
    return Draft(action="post_jira_comment", target=f"jira:PAY-{number}", text="Mentioned in a commit.")


def move(number: int) -> Draft:
    """A move of an issue of its own."""
    return Draft(action="transition_jira_issue", target=f"jira:PAY-{number}", text="In Progress")


def message(number: int) -> Draft:
    """A message; all are for the same channel."""
    return Draft(action="notify_slack", target="slack:#payments", text=f"Deployment {number} failed.")


async def decide(opened: Engine, *drafts: Draft, start: int = 0) -> None:
    """What rules decided, each for an event of its own."""
    wanted = []
    for number, draft in enumerate(drafts, start):
        key = action_key("r", f"e{number}", draft)
        wanted.append(Decided(key=key, rule="r", event_id=f"e{number}", draft=draft, max_per_hour=10_000))
    async with opened.database.session("default") as connection:
        await put_decided(connection, "default", wanted)


async def until_settled(opened: Engine, seconds: float = 60) -> None:
    """Wait until nothing is on its way any more."""
    end = time.monotonic() + seconds
    while left := await opened.outbox.entries(("pending", "in_flight", "unknown")):
        assert time.monotonic() < end, [(e.state, e.reason) for e in left]
        await opened.courier.drain()
        await asyncio.sleep(0.02)


def first_times(count: int, what: str, wanted: Callable[[bytes], bool]) -> tuple[Fault, list[bytes]]:
    """A fault that hits the first `count` requests that are `wanted`; and those that it hit."""
    hit: list[bytes] = []

    def fault(said: bytes) -> str | None:
        if wanted(said) and len(hit) < count:
            hit.append(said.partition(b"\r\n")[0])
            return what
        return None

    return fault, hit


def writes(said: bytes) -> bool:
    """Whether a request changes something upstream."""
    return said.startswith((b"POST /rest/", b"POST /chat.postMessage"))


def exactly_once(jira: Jira, slack: Slack, comments: int, moves: int, messages: int) -> None:
    """Every comment, move and message is there, and none twice."""
    assert sorted(map(len, jira.comments.values())) == [1] * comments
    assert sorted(map(len, jira.history.values())) == [1] * moves
    assert sorted(m["text"] for m in slack.messages) == sorted(message(n).text for n in range(messages))


@pytest.mark.parametrize("what", ["reply", "request"])
async def test_what_a_broken_wire_hides_is_looked_for_and_never_repeated(
    home: Path, jira: Jira, slack: Slack, what: str
) -> None:
    """The answer is lost after the request was taken, or the request before it was: once it is there, either way."""
    fault, hit = first_times(9, what, writes)
    with faulty_wire(jira.url, fault) as to_jira, faulty_wire(slack.url, fault) as to_slack:
        async with engine(home, to_jira, to_slack) as opened:
            await decide(opened, *(draft(n) for n in range(1, 4) for draft in (comment, move)))
            await decide(opened, *(message(n) for n in range(3)), start=100)
            await until_settled(opened)
            done = await opened.outbox.entries(("done",))

    exactly_once(jira, slack, comments=3, moves=3, messages=3)
    assert len(hit) == 9
    assert len(done) == 9
    assert all(entry.receipt for entry in done)
    seen = {entry.receipt for entry in done if entry.draft.action == "notify_slack"}
    assert seen == {f"C0123456789/{message['ts']}" for message in slack.messages}


async def test_wires_that_break_anywhere_at_random_lose_and_repeat_nothing(
    home: Path, jira: Jira, slack: Slack
) -> None:
    """Also while looking: whoever cannot look does not know, and sends nothing."""
    chance = random.Random(7)

    def fault(_: bytes) -> str | None:
        return chance.choice(["reply", "request", None, None])

    with faulty_wire(jira.url, fault) as to_jira, faulty_wire(slack.url, fault) as to_slack:
        async with engine(home, to_jira, to_slack) as opened:
            await decide(opened, *(comment(n) for n in range(1, 9)), *(move(n) for n in range(11, 17)))
            await decide(opened, *(message(n) for n in range(8)), start=100)
            await until_settled(opened)

    exactly_once(jira, slack, comments=8, moves=6, messages=8)


async def test_a_carrier_killed_anywhere_loses_and_repeats_nothing(home: Path, jira: Jira, slack: Slack) -> None:
    """kill -9 at random moments; the next one finds what is in flight, looks, and goes on."""
    chance = random.Random(11)
    settings = {
        "ENGINTEL_WRITES": "on", "ENGINTEL_JIRA_URL": jira.url, "ENGINTEL_JIRA_TOKEN": TOKEN,
        "ENGINTEL_SLACK_URL": slack.url, "ENGINTEL_SLACK_TOKEN": TOKEN,
    }  # fmt: skip
    async with engine(home, jira.url, slack.url) as opened:
        await decide(opened, *(comment(n) for n in range(1, 21)), *(move(n) for n in range(21, 31)))
        await decide(opened, *(message(n) for n in range(20)), start=100)
        killed = 0
        while await opened.outbox.entries(("pending",)) and killed < 40:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.acceptance.carrying", "0.2"], env=environment(home, **settings), cwd=ROOT,
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            try:
                assert process.stdout
                await asyncio.to_thread(process.stdout.readline)  # it is at it
                await asyncio.sleep(chance.uniform(0.0, 0.15))
            finally:
                process.kill()
                await asyncio.to_thread(process.communicate)
                killed += 1
        await until_settled(opened)

    exactly_once(jira, slack, comments=20, moves=10, messages=20)


async def test_two_carriers_share_the_work_and_never_do_the_same(home: Path, jira: Jira, slack: Slack) -> None:
    """Each entry is claimed by one of them, whoever is faster."""
    async with engine(home, jira.url, slack.url) as one, engine(home, jira.url, slack.url) as other:
        await decide(one, *(comment(n) for n in range(1, 16)))
        await decide(one, *(message(n) for n in range(15)), start=100)
        carried = await asyncio.gather(one.courier.drain(), other.courier.drain())

    exactly_once(jira, slack, comments=15, moves=0, messages=15)
    assert sum(carried) == 30
    assert min(carried) > 0


async def test_a_refusal_for_good_is_kept_with_its_reason_and_stops_nothing(
    home: Path, jira: Jira, slack: Slack
) -> None:
    """No such issue, no such way for it, no such channel."""
    jira.refuse = lambda path, _: (403, {}) if "/PAY-2/" in path and path.endswith("/comment") else None
    gone = Draft(action="notify_slack", target="slack:#gone", text="Hello")
    nowhere = Draft(action="transition_jira_issue", target="jira:PAY-3", text="Done")
    elsewhere = Draft(action="transition_jira_issue", target="jira:PAY-4", text="In Progress", only_from=("In Review",))
    async with engine(home, jira.url, slack.url) as opened:
        await decide(opened, comment(99), move(98), comment(2), nowhere, elsewhere, gone, comment(5))
        await until_settled(opened)
        failed = {e.draft.target: e.reason for e in await opened.outbox.entries(("failed",))}

    assert failed == {
        "jira:PAY-99": "Jira refused (404): there is no issue PAY-99, or this account may not see it.",
        "jira:PAY-98": "Jira refused (404): there is no issue PAY-98, or this account may not see it.",
        "jira:PAY-2": "Jira refused (403): this account may not comment on PAY-2, or move it.",
        "jira:PAY-3": "PAY-3 is To Do and cannot move to Done from there; it can to: In Progress, Blocked.",
        "jira:PAY-4": "PAY-4 is To Do, and is to be moved from In Review only; nothing was done.",
        "slack:#gone": "Slack refused: there is no such channel, or the app is not in it.",
    }
    assert list(jira.comments) == ["PAY-5"]


async def test_an_issue_that_is_there_already_is_not_moved(home: Path, jira: Jira, slack: Slack) -> None:
    """Its status is looked at first."""
    jira.status["PAY-1"] = "In Progress"
    async with engine(home, jira.url, slack.url) as opened:
        await decide(opened, move(1))
        await until_settled(opened)
        assert [entry.state for entry in await opened.outbox.entries(("done",))] == ["done"]

    assert jira.wrote == []


async def test_an_upstream_that_asks_for_peace_gets_it_while_the_other_goes_on(
    home: Path, jira: Jira, slack: Slack
) -> None:
    """Retry-After is honoured, and what waited is sent once it is over."""
    slack.refuse = lambda path, _: (429, {"Retry-After": "1"}) if path == "/chat.postMessage" else None
    async with engine(home, jira.url, slack.url) as opened:
        await decide(opened, message(0), message(1), comment(1), comment(2))
        began = time.monotonic()
        await opened.courier.drain()

        assert len(jira.comments) == 2
        assert slack.wrote == ["/chat.postMessage"]  # the second one was not even tried
        waiting = [entry.reason for entry in await opened.outbox.entries(("pending",))]
        assert waiting == ["Slack refused: it asks to slow down; try again in a minute.", None]
        slack.refuse = lambda *_: None
        await until_settled(opened)

    assert time.monotonic() - began >= 1
    assert sorted(m["text"] for m in slack.messages) == [message(0).text, message(1).text]


async def test_jira_that_asks_for_peace_gets_it(home: Path, jira: Jira, slack: Slack) -> None:
    """As Slack does."""
    jira.refuse = lambda path, _: (429, {"Retry-After": "1"}) if path.endswith("/comment") else None
    async with engine(home, jira.url, slack.url) as opened:
        await decide(opened, comment(1), comment(2), message(0))
        await opened.courier.drain()
        assert jira.wrote == ["/rest/api/2/issue/PAY-1/comment"]
        assert len(slack.messages) == 1
        jira.refuse = lambda *_: None
        await until_settled(opened)

    assert sorted(jira.comments) == ["PAY-1", "PAY-2"]


async def test_what_cannot_be_read_back_is_left_to_a_person(home: Path, jira: Jira, slack: Slack) -> None:
    """Without the scope to read, a message that was cut off is never repeated; the reason says what would help."""
    slack.readable = False
    fault, _ = first_times(1, "reply", writes)
    with faulty_wire(slack.url, fault) as to_slack:
        async with engine(home, jira.url, to_slack) as opened:
            await decide(opened, message(0))
            await until_settled(opened)
            [entry] = await opened.outbox.entries(("parked",))

    assert len(slack.messages) == 1
    assert entry.reason
    assert "channels:history" in entry.reason


async def test_a_comment_without_its_mark_is_left_to_a_person(home: Path, jira: Jira, slack: Slack) -> None:
    """A Jira that drops properties: the same text of ours is there, and nobody can tell whose it is."""
    jira.keeps_properties = False
    fault, _ = first_times(1, "reply", writes)
    with faulty_wire(jira.url, fault) as to_jira:
        async with engine(home, to_jira, slack.url) as opened:
            await decide(opened, comment(1))
            await until_settled(opened)
            assert [entry.state for entry in await opened.outbox.entries(("parked",))] == ["parked"]

    assert len(jira.comments["PAY-1"]) == 1


async def test_what_a_person_sent_and_never_arrived_is_given_back_and_not_repeated(
    home: Path, jira: Jira, slack: Slack
) -> None:
    """They were told that it may not be there, and may have done it again by themselves."""
    fault, _ = first_times(1, "request", writes)
    with faulty_wire(jira.url, fault) as to_jira:
        async with engine(home, to_jira, slack.url) as opened:
            with pytest.raises(Exception, match="may or may not be there"):
                await opened.courier.deliver("k", comment(1), "local")
            await until_settled(opened)
            entry = await opened.outbox.entry("k")

    assert entry
    assert (entry.state, entry.reason) == ("failed", "it never arrived; nothing was sent")
    assert jira.comments == {}


async def test_what_a_person_sent_over_a_wire_that_broke_is_found_at_once(home: Path, jira: Jira, slack: Slack) -> None:
    """The answer was lost, but the comment is there: that is what they are told."""
    fault, _ = first_times(1, "reply", writes)
    with faulty_wire(jira.url, fault) as to_jira:
        async with engine(home, to_jira, slack.url) as opened:
            entry = await opened.courier.deliver("k", comment(1), "local")

    assert (entry.state, entry.receipt) == ("done", "PAY-1/comment/10001")
    assert len(jira.comments["PAY-1"]) == 1


async def test_nothing_leaves_once_the_operator_forbids_it(home: Path, jira: Jira, slack: Slack) -> None:
    """Not even what was decided before."""
    async with engine(home, jira.url, slack.url) as opened:
        await decide(opened, comment(1))
    settings = Settings(home=str(home), writes="slack:*", jira_url=jira.url, jira_token=TOKEN)
    async with open_engine(settings) as opened:
        await opened.courier.drain()
        [entry] = await opened.outbox.entries(("failed",))

    assert entry.reason
    assert "not among the allowed targets" in entry.reason
    assert jira.wrote == []


async def test_a_mistake_of_ours_repeats_nothing_and_stops_nothing(home: Path, jira: Jira, slack: Slack) -> None:
    """What nobody expected is left to a person, and the next action goes its way."""
    whole = Jira.answer

    vars(jira)["answer"] = lambda method, path, body: (
        (200, {"fields": None}) if "/issue/PAY-1?" in path else whole(jira, method, path, body)
    )
    async with engine(home, jira.url, slack.url) as opened:
        await decide(opened, move(1), move(2))
        await until_settled(opened)
        [entry] = await opened.outbox.entries(("parked",))

    assert entry.draft == move(1)
    assert entry.reason == "carrying it failed inside the program (TypeError); look whether it is there"
    assert jira.status["PAY-2"] == "In Progress"
