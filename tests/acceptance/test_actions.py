"""Acting in somebody's name: off, asked, shown, done once, written down. The real client packages, over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import CallToolResult, ElicitResult, InputRequiredResult, TextContent

from server.bootstrap import Engine, open_engine
from server.mcp.app import build_server
from server.mcp.holder import EngineHolder
from server.settings import Settings
from tests.acceptance.standins import Received, StandIn, jira_that_works, running, slack_that_works

TOKEN = "token-that-must-not-leak"
COMMENT = {"issue": "PAY-12", "body": "Fixed in 1.4.2, please try again."}


@pytest.fixture
def jira() -> Iterator[StandIn]:
    """A Jira that works."""
    with running(jira_that_works()) as stand_in:
        yield stand_in


@pytest.fixture
def slack() -> Iterator[StandIn]:
    """A Slack that works."""
    with running(slack_that_works()) as stand_in:
        yield stand_in


@pytest.fixture
def settings(home: Path, jira: StandIn, slack: StandIn) -> Settings:
    """Writes on, for two targets."""
    return Settings(
        home=str(home), writes="jira:PAY-*, slack:#payments", jira_url=jira.url, jira_user="bot@acme.dev",
        jira_token=TOKEN, slack_token=TOKEN, slack_url=slack.url,
    )  # fmt: skip


Answer = Callable[[Any, Any], Any]


@asynccontextmanager
async def client(settings: Settings, answer: str | None = None, mode: str = "auto") -> AsyncIterator[Client]:
    """A client that answers every question with `answer`, or that cannot be asked."""

    async def reply(context: Any, params: Any) -> ElicitResult:
        if answer == "accept":
            return ElicitResult(action="accept", content={"send": True})
        return ElicitResult(action=answer)

    async with (
        EngineHolder(settings).open() as holder,
        Client(build_server(holder), elicitation_callback=reply if answer else None, mode=mode) as connected,
    ):
        yield connected


def told(result: CallToolResult) -> str:
    """What a model reads."""
    return "".join(block.text for block in result.content if isinstance(block, TextContent))


@asynccontextmanager
async def engine(settings: Settings) -> AsyncIterator[Engine]:
    """The program's own view, for looking into outbox and audit."""
    async with open_engine(settings) as opened:
        yield opened


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_confirmed_comment_is_posted_once_and_written_down(
    settings: Settings, jira: StandIn, mode: str
) -> None:
    """In both protocol eras: asked, sent with the account's own credentials, recorded."""
    async with client(settings, "accept", mode) as connected:
        result = await connected.call_tool("post_jira_comment", COMMENT)

    assert not result.is_error, told(result)
    assert result.structured_content is not None
    assert result.structured_content["status"] == "done"
    assert result.structured_content["url"] == f"{jira.url}/browse/PAY-12?focusedCommentId=10001"
    assert [r.body["body"] for r in jira.received] == [COMMENT["body"]]
    assert jira.received[0].path == "/rest/api/2/issue/PAY-12/comment"
    assert jira.received[0].authorization.startswith("Basic ")
    async with engine(settings) as opened:
        [row] = await opened.audit.entries(10)
        assert (row.principal, row.action, row.target, row.outcome) == (
            "local", "post_jira_comment", "jira:PAY-12", "done",
        )  # fmt: skip
        assert row.details["text"] == COMMENT["body"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("answer", ["decline", "cancel"])
async def test_no_means_no(settings: Settings, slack: StandIn, answer: str, mode: str) -> None:
    """Nothing leaves, and the refusal is written down."""
    async with client(settings, answer, mode) as connected:
        result = await connected.call_tool("notify_slack", {"channel": "#payments", "text": "Hello"})

    assert result.structured_content is not None
    assert result.structured_content["status"] == "declined"
    assert slack.received == []
    async with engine(settings) as opened:
        assert [row.outcome for row in await opened.audit.entries(10)] == ["declined"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_cannot_ask_gets_a_preview_and_a_handle(
    settings: Settings, slack: StandIn, mode: str
) -> None:
    """The first call shows, the second one sends."""
    message = {"channel": "#payments", "text": "Deploy is done."}
    async with client(settings, None, mode) as connected:
        preview = await connected.call_tool("notify_slack", message)
        assert preview.structured_content is not None
        assert preview.structured_content["status"] == "preview"
        assert preview.structured_content["text"] == message["text"]
        assert slack.received == []

        done = await connected.call_tool("notify_slack", {**message, "handle": preview.structured_content["handle"]})

    assert done.structured_content is not None
    assert done.structured_content["status"] == "done"
    assert [(r.body["channel"], r.body["text"]) for r in slack.received] == [("#payments", "Deploy is done.")]
    assert slack.received[0].authorization == f"Bearer {TOKEN}"


async def test_a_handle_works_once(settings: Settings, jira: StandIn) -> None:
    """Also when it is used by two calls at the same moment."""
    async with client(settings) as connected:
        preview = await connected.call_tool("post_jira_comment", COMMENT)
        assert preview.structured_content is not None
        confirmed = {**COMMENT, "handle": preview.structured_content["handle"]}

        results = await asyncio.gather(*(connected.call_tool("post_jira_comment", confirmed) for _ in range(4)))

    assert sorted(result.is_error for result in results) == [False, True, True, True]
    assert all("used before" in told(result) for result in results if result.is_error)
    assert len(jira.received) == 1


@pytest.mark.parametrize(
    "changed", [{"body": "Something else entirely"}, {"issue": "PAY-13"}], ids=["another text", "another target"]
)
async def test_a_handle_is_good_for_what_was_shown_alone(
    settings: Settings, jira: StandIn, changed: dict[str, str]
) -> None:
    """What the user saw is what is sent, or nothing is."""
    async with client(settings) as connected:
        preview = await connected.call_tool("post_jira_comment", COMMENT)
        assert preview.structured_content is not None
        handle = preview.structured_content["handle"]
        result = await connected.call_tool("post_jira_comment", {**COMMENT, **changed, "handle": handle})

    assert result.is_error
    assert "another text or target" in told(result)
    assert jira.received == []


async def test_a_made_up_handle_is_refused(settings: Settings, jira: StandIn) -> None:
    """Guessing gets nowhere."""
    async with client(settings) as connected:
        result = await connected.call_tool("post_jira_comment", {**COMMENT, "handle": "x" * 32})

    assert result.is_error
    assert "Nothing was sent" in told(result)
    assert jira.received == []


async def test_a_confirmed_request_sent_again_posts_nothing_more(settings: Settings, jira: StandIn) -> None:
    """The SDK's seal can be replayed: whoever repeats the confirmed round is asked anew."""
    asked = 0

    async def reply(context: Any, params: Any) -> ElicitResult:
        nonlocal asked
        asked += 1
        return ElicitResult(action="accept", content={"send": True})

    async with EngineHolder(settings).open() as holder, Client(build_server(holder), elicitation_callback=reply) as c:
        first = await c.session.call_tool("post_jira_comment", COMMENT, allow_input_required=True)
        assert isinstance(first, InputRequiredResult)
        yes: Any = ElicitResult(action="accept", content={"send": True})
        answers = dict.fromkeys(first.input_requests or {}, yes)

        async def confirm() -> CallToolResult | InputRequiredResult:
            return await c.session.call_tool(
                "post_jira_comment", COMMENT, input_responses=answers, request_state=first.request_state,
                allow_input_required=True,
            )  # fmt: skip

        done, again = await confirm(), await confirm()

    assert isinstance(done, CallToolResult)
    assert not isinstance(again, CallToolResult)  # a new question, not a second comment
    assert len(jira.received) == 1


@pytest.mark.parametrize(
    ("writes", "says"),
    [(None, "writes are off"), ("off", "writes are off"), ("slack:#payments", "not among the allowed targets")],
)
async def test_what_the_operator_did_not_allow_is_refused(
    settings: Settings, jira: StandIn, writes: str | None, says: str
) -> None:
    """Before anybody is asked anything."""
    refusing = Settings(**{**vars(settings), "writes": writes})
    async with client(refusing, "accept") as connected:
        result = await connected.call_tool("post_jira_comment", COMMENT)

    assert result.is_error
    assert says in told(result)
    assert jira.received == []


async def test_an_upstream_that_is_not_configured_is_named(settings: Settings) -> None:
    """And the setting that it needs."""
    bare = Settings(home=settings.home, writes="on")
    async with client(bare) as connected:
        result = await connected.call_tool("post_jira_comment", COMMENT)

    assert "ENGINTEL_JIRA_URL" in told(result)


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "credentials"), (403, "may not comment"), (404, "no issue PAY-12"), (429, "slow down"), (400, "refused")],
)
async def test_a_refusal_of_jira_is_told_with_what_to_do(
    settings: Settings, jira: StandIn, status: int, says: str
) -> None:
    """And it is not tried again behind anybody's back."""
    jira.answer = lambda _: (status, {"errorMessages": ["no"]})
    async with client(settings, "accept") as connected:
        result = await connected.call_tool("post_jira_comment", COMMENT)

    assert result.is_error
    assert says in told(result)
    assert len(jira.received) == 1
    async with engine(settings) as opened:
        assert [row.outcome for row in await opened.audit.entries(10)] == ["failed"]


@pytest.mark.parametrize("which", ["jira", "slack"])
async def test_a_connection_lost_after_sending_is_never_repeated(
    settings: Settings, jira: StandIn, slack: StandIn, which: str
) -> None:
    """The request may have arrived: it is unknown, said so, and left to a person."""

    def lose(_: Received) -> tuple[int, dict[str, Any]]:
        raise ConnectionAbortedError

    stand_in = {"jira": jira, "slack": slack}[which]
    stand_in.answer = lose
    tool, arguments = {
        "jira": ("post_jira_comment", COMMENT),
        "slack": ("notify_slack", {"channel": "#payments", "text": "Hello"}),
    }[which]
    async with client(settings, "accept") as connected:
        result = await connected.call_tool(tool, arguments)

    assert result.is_error
    assert "may or may not be there" in told(result)
    assert len(stand_in.received) == 1
    async with engine(settings) as opened:
        assert [entry.state for entry in await opened.outbox.entries(("unknown",))] == ["unknown"]


async def test_an_upstream_that_cannot_be_reached_was_sent_nothing(settings: Settings) -> None:
    """And that is known for sure."""
    nowhere = Settings(**{**vars(settings), "jira_url": "http://127.0.0.1:9", "slack_url": "http://127.0.0.1:9"})
    async with client(nowhere, "accept") as connected:
        comment = await connected.call_tool("post_jira_comment", COMMENT)
        message = await connected.call_tool("notify_slack", {"channel": "#payments", "text": "Hello"})

    assert "nothing was sent" in told(comment)
    assert "nothing was sent" in told(message)


@pytest.mark.parametrize("text", ["Wake up <!channel>", "hey @everyone look", "<!here|here>"])
async def test_a_message_to_everybody_is_refused(settings: Settings, slack: StandIn, text: str) -> None:
    """An assistant does not ring the whole company."""
    async with client(settings, "accept") as connected:
        result = await connected.call_tool("notify_slack", {"channel": "#payments", "text": text})

    assert result.is_error
    assert slack.received == []


@pytest.mark.parametrize("issue", ["PAY", "../../../users", "PAY-12/comment", "UTF-8 ", "PAY-0"])
async def test_what_is_no_issue_key_goes_nowhere(settings: Settings, jira: StandIn, issue: str) -> None:
    """A key becomes a part of an address."""
    async with client(settings, "accept") as connected:
        result = await connected.call_tool("post_jira_comment", {"issue": issue, "body": "x"})

    assert result.is_error
    assert jira.received == []


async def test_secrets_are_in_nothing_that_is_said_or_written(
    settings: Settings, jira: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong."""
    jira.answer = lambda _: (500, {"errorMessages": [f"bad token {TOKEN}"]})
    async with client(settings, "accept") as connected:
        result = await connected.call_tool("post_jira_comment", COMMENT)
    async with engine(settings) as opened:
        entries = [entry.model_dump_json() for entry in await opened.audit.entries(10)]

    said = "\n".join([told(result), caplog.text, repr(settings), *entries])
    assert TOKEN not in said


async def test_what_the_audit_log_holds_cannot_be_changed(settings: Settings) -> None:
    """Not even by us."""
    async with engine(settings) as opened:
        await opened.audit.record("local", "test", "nothing", "done", {})
        for statement in ("UPDATE audit SET outcome = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
            with pytest.raises(Exception, match="append-only"):
                async with opened.database.owner() as connection:
                    await connection.execute(statement)
        assert json.loads((await opened.audit.entries(1))[0].model_dump_json())["outcome"] == "done"
