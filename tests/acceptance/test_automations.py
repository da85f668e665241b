"""Rules from end to end: a webhook comes in, a comment or a message goes out, and what comes back starts nothing."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import CallToolResult, ElicitResult, TextContent

from adapters.sources.deliveries import events_of
from server.bootstrap import Engine, open_engine
from server.mcp.app import build_server
from server.mcp.holder import EngineHolder
from server.settings import Settings
from tests.acceptance.carrying import quick
from tests.acceptance.program import NOW, browser, run, serving
from tests.acceptance.upstreams import Jira, Slack, upstream

TOKEN = "token-that-must-not-leak"
LOOPING = """\
channels: {default: "#payments"}
rules:
  - name: answer-every-comment
    when: {type: issue_commented, where: {text: {present: true}, key: {starts_with: PAY}}}
    then:
      - comment: {issue: "{event.key}", text: "Noted: {event.text}"}
  - name: tell-every-move
    when: {type: issue_updated, changed: {field: status}}
    then:
      - slack: {channel: "{channel}", text: "{event.key} is {event.status}"}
      - transition: {issue: "{event.key}", to: Blocked}
  - name: mirror
    when: {type: issue_updated, where: {priority: High}}
    then:
      - comment: {issue: "{event.key}", text: "This is urgent."}
"""


@pytest.fixture
def jira() -> Iterator[Jira]:
    """A Jira with two issues."""
    with upstream(Jira(status={"PAY-12": "In Progress", "PAY-13": "To Do"})) as served:
        yield served


@pytest.fixture
def slack() -> Iterator[Slack]:
    """A Slack with one channel."""
    with upstream(Slack()) as served:
        yield served


@pytest.fixture
def settings(home: Path, jira: Jira, slack: Slack) -> Settings:
    """Writes on, and the shipped rules."""
    return Settings(
        home=str(home), writes="on", jira_url=jira.url, jira_user="bot@acme.dev", jira_token=TOKEN, slack_token=TOKEN,
        slack_url=slack.url,
    )  # fmt: skip


def stamp(moment: datetime | None = None) -> str:
    """A time as Jira and GitHub write it."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def moved(status: str = "Blocked", *, key: str = "PAY-12", when: datetime | None = None) -> dict[str, Any]:
    """A person moves an issue of high priority."""
    fields = {
        "summary": "Payouts hang", "created": stamp(when), "updated": stamp(when), "priority": {"name": "High"},
        "status": {"name": status, "statusCategory": {"key": "indeterminate"}},
        "project": {"key": "PAY", "name": "Payouts"},
    }  # fmt: skip
    return {
        "webhookEvent": "jira:issue_updated", "user": {"accountId": "grace", "displayName": "Grace Hopper"},
        "timestamp": int((when or datetime.now(UTC)).timestamp() * 1000),
        "issue": {"key": key, "self": "https://acme.atlassian.net/rest/api/2/issue/1", "fields": fields},
        "changelog": {"id": "77", "items": [{"field": "status", "fromString": "To Do", "toString": status}]},
    }  # fmt: skip


def pushed(*messages: str, written: datetime) -> dict[str, Any]:
    """Somebody pushes commits to the default branch, just now."""
    commits = [
        {
            "id": f"{number:040x}", "message": message, "timestamp": written.isoformat(), "distinct": True,
            "author": {"name": "Ada Lovelace", "email": "ada@acme.dev", "username": "ada"},
            "url": f"https://github.com/acme/payouts/commit/{number:040x}", "added": [], "modified": [], "removed": [],
        }
        for number, message in enumerate(messages, 1)
    ]  # fmt: skip
    return {
        "ref": "refs/heads/main", "before": "0" * 40, "after": commits[-1]["id"], "commits": commits, "forced": False,
        "repository": {
            "id": 1, "full_name": "acme/payouts", "default_branch": "main", "html_url": "https://github.com/acme/payouts",
            "pushed_at": int(time.time()),
        },
        "sender": {"id": 5, "login": "ada"},
    }  # fmt: skip


async def receive(engine: Engine, source: str, body: dict[str, Any], **headers: str) -> None:
    """A delivery arrives."""
    await engine.log.append(events_of(source, headers, body, received_at=datetime.now(UTC)))
    await engine.router.catch_up()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Engine]:
    """The program, in a hurry, with its rules on from the beginning."""
    async with open_engine(settings) as engine:
        quick(engine.courier)
        yield engine


async def test_a_commit_that_names_an_issue_is_told_to_it(settings: Settings, jira: Jira) -> None:
    """Written days ago and pushed now; in code, in an address, or of no project it names nothing."""
    async with opened(settings) as engine:
        await receive(engine, "jira", moved("In Progress"))  # so that the project is known
        written = datetime.now(UTC) - timedelta(days=3)
        first, wanted = "Begin", ("PAY-12: retry payouts", "Use UTF-8, `PAY-13`, https://x.io/PAY-13")
        for number, messages in enumerate([(first,), (first, *wanted)]):  # so that the repository is known, too
            push = pushed(*messages, written=written)
            told = {"X-GitHub-Event": "push", "X-GitHub-Delivery": f"d{number}"}
            await receive(engine, "github", push, **told)
        await engine.courier.drain()

    assert {key: [c["body"] for c in comments] for key, comments in jira.comments.items()} == {
        "PAY-12": [
            (
                "Ada Lovelace mentioned this issue in a commit to payouts: PAY-12: retry payouts\n"
                f"https://github.com/acme/payouts/commit/{2:040x}\n\n_engintel automation: commit-mentions-issue_"
            )
        ]
    }


async def test_a_blocked_issue_is_told_in_the_channel_of_its_project(
    settings: Settings, slack: Slack, home: Path
) -> None:
    """Once, also if the delivery comes twice; not if it is of last week."""
    home.mkdir(exist_ok=True)
    shown = run(home, "automations", "list", "--shipped").stdout
    (home / "automations.yaml").write_text(shown.replace("channels: {}", 'channels: {jira:PAY: "#payments"}'))
    async with opened(settings) as engine:
        await receive(engine, "jira", moved(key="PAY-13", when=datetime.now(UTC) - timedelta(days=7)))
        for _ in range(2):
            await receive(engine, "jira", moved())
            await engine.courier.drain()

    assert [message["text"].partition("\n")[0] for message in slack.messages] == [
        "PAY-12 (High) is blocked: Payouts hang"
    ]


async def test_what_we_cause_comes_back_and_starts_nothing(
    settings: Settings, home: Path, jira: Jira, slack: Slack
) -> None:
    """Rules that would answer themselves for ever, a Jira that tells of everything, and one round of it."""
    home.mkdir(exist_ok=True)
    (home / "automations.yaml").write_text(LOOPING)
    echoes: list[dict[str, Any]] = []
    jira.tell = echoes.append
    person = {
        "webhookEvent": "comment_created", "issue": moved()["issue"],
        "comment": {"id": "1", "body": "Any news?", "created": stamp(), "author": {"accountId": "grace"}},
    }  # fmt: skip
    async with opened(settings) as engine:
        await receive(engine, "jira", moved("In Progress"))
        await receive(engine, "jira", person)
        for _ in range(6):
            await engine.courier.drain()
            waiting, echoes[:] = list(echoes), []
            for echo in waiting:
                await receive(engine, "jira", echo)
        left = await engine.outbox.entries(("pending", "in_flight", "unknown", "failed", "held", "parked"))

    assert left == []
    assert sorted(comment["body"].partition("\n")[0] for comment in jira.comments["PAY-12"]) == [
        "Noted: Any news?", "This is urgent.",
    ]  # fmt: skip
    assert [message["text"] for message in slack.messages] == ["PAY-12 is In Progress"]
    assert [entry["items"][0]["toString"] for entry in jira.history["PAY-12"]] == ["Blocked"]


async def test_what_an_assistant_does_starts_no_rule_either(
    settings: Settings, jira: Jira, slack: Slack, home: Path
) -> None:
    """A confirmed move comes back as news, done with our own account."""
    home.mkdir(exist_ok=True)
    (home / "automations.yaml").write_text(LOOPING)
    echoes: list[dict[str, Any]] = []
    jira.tell = echoes.append
    async with client(settings) as (connected, holder):
        result = await connected.call_tool("transition_jira_issue", {"issue": "pay-12", "to": "in review"})
        assert told(result)["status"] == "done"
        engine = await holder.engine()
        for echo in echoes:
            await receive(engine, "jira", echo)
        assert await engine.outbox.entries(("pending", "in_flight")) == []

    assert jira.status["PAY-12"] == "In Review"
    assert slack.messages == []


@asynccontextmanager
async def client(settings: Settings, answer: str | None = "accept") -> AsyncIterator[tuple[Client, EngineHolder]]:
    """A client that says yes to every question, or that cannot be asked."""

    async def reply(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"send": True})

    async with (
        EngineHolder(settings).open() as holder,
        Client(build_server(holder), elicitation_callback=reply if answer else None) as connected,
    ):
        yield connected, holder


def told(result: CallToolResult) -> dict[str, Any]:
    """The structured answer."""
    assert not result.is_error, said(result)
    content: dict[str, Any] | None = result.structured_content
    assert content is not None
    return content


def said(result: CallToolResult) -> str:
    """What a model reads."""
    return "".join(block.text for block in result.content if isinstance(block, TextContent))


async def test_an_issue_is_moved_after_a_preview(settings: Settings, jira: Jira) -> None:
    """And only along its workflow; the refusal says where it could go."""
    move = {"issue": "PAY-13", "to": "In Progress"}
    async with client(settings, None) as (connected, _):
        preview = told(await connected.call_tool("transition_jira_issue", move))
        assert (preview["status"], preview["target"], preview["text"]) == ("preview", "jira:PAY-13", "In Progress")
        assert jira.wrote == []
        done = told(await connected.call_tool("transition_jira_issue", {**move, "handle": preview["handle"]}))
        assert (done["status"], done["key"]) == ("done", "PAY-13/status/In Progress")
    async with client(settings) as (connected, _):
        refused = await connected.call_tool("transition_jira_issue", {"issue": "PAY-13", "to": "Done"})

    assert refused.is_error
    assert "PAY-13 is In Progress and cannot move to Done from there; it can to: In Review, Blocked" in said(refused)


async def test_a_rule_is_run_by_hand_after_its_effects_were_shown(settings: Settings, jira: Jira) -> None:
    """For an event of last week too, and once: asked again, it says that it was done."""
    old = datetime.now(UTC) - timedelta(days=7)
    async with client(settings, None) as (connected, holder):
        engine = await holder.engine()
        push = pushed("PAY-12: retry payouts", written=old)
        push["repository"]["pushed_at"] = int(old.timestamp())
        await receive(engine, "jira", moved("In Progress", when=old))
        await receive(engine, "github", push, **{"X-GitHub-Event": "push", "X-GitHub-Delivery": "d1"})
        asked = {"name": "commit-mentions-issue", "entity": f"commit:{1:040x}"}
        for _ in range(2):
            preview = told(await connected.call_tool("run_automation", asked))
            assert preview["target"] == "automation:commit-mentions-issue"
            assert preview["text"].startswith("post_jira_comment jira:PAY-12: Ada Lovelace mentioned this issue")
            done = told(await connected.call_tool("run_automation", {**asked, "handle": preview["handle"]}))
            assert done["status"] == "done"
            assert done["notes"][0] == "jira:PAY-12: done"

        unknown = await connected.call_tool("run_automation", {"name": "tidy-up", "event_id": "x"})
        elsewhere = await connected.call_tool("run_automation", {"name": "sprint-closed", "entity": f"commit:{1:040x}"})

    assert len(jira.comments["PAY-12"]) == 1
    assert "There are: commit-mentions-issue, pull-request-mentions-issue" in said(unknown)
    assert "Nothing happened to" in said(elsewhere)


async def test_a_rule_that_fails_by_hand_says_what_was_not_done(settings: Settings, jira: Jira, home: Path) -> None:
    """And doctor and outbox say so until somebody settles it."""
    jira.refuse = lambda path, _: (403, {}) if path.endswith("/comment") else None
    async with client(settings) as (connected, holder):
        engine = await holder.engine()
        await receive(engine, "jira", moved("In Progress", when=datetime.now(UTC) - timedelta(days=7)))
        push = pushed("PAY-12: retry payouts", written=datetime.now(UTC))
        push["repository"]["pushed_at"] = int(time.time()) - 7 * 86_400
        await receive(engine, "github", push, **{"X-GitHub-Event": "push", "X-GitHub-Delivery": "d1"})
        result = await connected.call_tool(
            "run_automation", {"name": "commit-mentions-issue", "entity": f"commit:{1:040x}"}
        )

    assert result.is_error
    assert "Not all of it was done. jira:PAY-12: failed (Jira refused (403)" in said(result)
    [entry] = json.loads((await asyncio.to_thread(run, home, "outbox", "--json")).stdout)
    doctor = await asyncio.to_thread(run, home, "doctor", "--json")
    held = next(check for check in json.loads(doctor.stdout)["checks"] if check["part"] == "outbox")
    assert (held["state"], held["failed"]) == ("held", 1)
    assert (await asyncio.to_thread(run, home, "outbox", "--drop", entry["key"])).returncode == 0
    assert (await asyncio.to_thread(run, home, "doctor")).returncode == 0


def test_the_command_line_tries_an_event_without_doing_anything(home: Path, jira: Jira, slack: Slack) -> None:
    """From a recorded delivery, and from the log; every rule says why or why not."""
    home.mkdir(exist_ok=True)
    file = home.parent / "moved.ndjson"
    file.write_text(json.dumps({"source": "jira", "headers": {}, "body": moved()}) + "\n")
    keys = {
        "ENGINTEL_WRITES": "jira:*", "ENGINTEL_JIRA_URL": jira.url, "ENGINTEL_JIRA_TOKEN": TOKEN,
        "ENGINTEL_SLACK_TOKEN": TOKEN, "ENGINTEL_SLACK_URL": slack.url,
    }  # fmt: skip
    (home / "automations.yaml").write_text(
        run(home, "automations", "list", "--shipped").stdout.replace("channels: {}", 'channels: {default: "#payments"}')
    )
    tried = run(home, "automations", "test", f"{file}:1", **keys)
    assert tried.returncode == 0, tried.stderr
    assert "yes  high-priority-issue-blocked: " in tried.stdout
    assert "would notify_slack slack:#payments, but: Nothing was sent: slack:#payments is not among" in tried.stdout
    assert "no   deployment-failed: type deployment: it is issue_updated" in tried.stdout
    piped = run(home, "automations", "test", "-", stdin=file.read_text(), **keys)
    assert piped.stdout.count("yes  ") == 1

    assert run(home, "ingest", "deliveries", str(file), **keys).returncode == 0
    by_id = run(home, "automations", "test", "jira:issue:PAY-12:update:77", "--json", **keys)
    [whole] = json.loads(by_id.stdout)
    [rule] = [rule for rule in whole["rules"] if rule["matches"]]
    assert rule["effects"][0]["text"].startswith("PAY-12 (High) is blocked")
    unknown = run(home, "automations", "test", "nothing", **keys)
    assert (unknown.returncode, "'nothing' is no event: expected" in unknown.stderr) == (1, True)
    assert jira.wrote == slack.wrote == []


def test_rules_that_will_not_do_are_told_line_by_line_and_stop_nothing_else(home: Path) -> None:
    """Whoever edits them learns all at once; everything else answers on."""
    home.mkdir(exist_ok=True)
    broken = "rules:\n  - name: a\n    when: {type: deploy}\n    then: []\n  - {name: b}\n"
    (home / "automations.yaml").write_text(broken)
    listed = run(home, "automations", "list", ENGINTEL_WRITES="on")
    assert listed.returncode == 1
    assert listed.stderr.splitlines() == [
        "engintel: automations.yaml, line 3: there is no event type 'deploy' for rules: did you mean 'deployment'?",
        "engintel: automations.yaml, line 5: a rule has no 'when': add it.",
    ]
    doctor = run(home, "doctor", ENGINTEL_WRITES="on")
    assert doctor.returncode == 1
    assert "broken rules: why automations.yaml, line 3" in doctor.stdout
    assert run(home, "call", "find_entity", "query=*", ENGINTEL_WRITES="on").returncode == 0

    gone = run(home, "automations", "list", ENGINTEL_AUTOMATIONS=str(home / "nowhere.yaml"))
    assert gone.returncode == 1
    assert "cannot be read: No such file or directory. Check ENGINTEL_AUTOMATIONS" in gone.stderr


def test_a_fresh_home_lists_the_shipped_rules_and_does_nothing(home: Path) -> None:
    """Until somebody allows it."""
    listed = run(home, "automations", "list")

    assert listed.returncode == 0
    assert "on   deployment-failed: A deployment to production failed" in listed.stdout
    assert listed.stdout.endswith("from the shipped rules; ENGINTEL_WRITES is off\n")


async def test_a_server_does_it_all_by_itself(home: Path, jira: Jira, slack: Slack) -> None:
    """A signed webhook over HTTP, and the message is there; no other process, nobody who asks."""
    now = datetime.fromisoformat(NOW)
    home.mkdir(exist_ok=True)
    (home / "automations.yaml").write_text(LOOPING)
    body = json.dumps(moved("In Progress", when=now)).encode()
    mac = hmac.new(b"a-secret", body, hashlib.sha256).hexdigest()
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell(_: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(arrived.set)

    slack.tell = tell
    settings = {
        "ENGINTEL_WRITES": "slack:*", "ENGINTEL_SLACK_TOKEN": TOKEN, "ENGINTEL_SLACK_URL": slack.url,
        "ENGINTEL_JIRA_URL": jira.url, "ENGINTEL_JIRA_TOKEN": TOKEN, "ENGINTEL_JIRA_WEBHOOK_SECRET": "a-secret",
    }  # fmt: skip
    async with serving(home, **settings) as url, browser() as http:
        headers = {"X-Hub-Signature": f"sha256={mac}", "Content-Type": "application/json"}
        answer = await http.post(f"{url}/webhooks/jira", content=body, headers=headers)
        assert answer.status_code == 202, answer.text
        async with asyncio.timeout(60):
            await arrived.wait()

    assert [message["text"] for message in slack.messages] == ["PAY-12 is In Progress"]
    assert jira.wrote == []  # the rules want more, and the operator allowed no more
