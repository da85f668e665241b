"""The evals: every task can be passed and can be failed, and both agents play against the real server."""

import ast
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from evals import agent, checks, prose
from evals.agent import ROUNDS, ModelAgent, NoAnswer
from evals.session import Answer, Session
from evals.standins import Sent, StandIn, message_taken, standing_in
from evals.task import FOLDER, Task, load_tasks, task_names
from evals.user import Reply, User
from evals.world import World, imagine
from tests.acceptance.program import environment, run, served

TASKS = {task.name: task for task in load_tasks(task_names())}


def test_every_task_is_passed_by_its_reference_plan(home: Path, tmp_path: Path) -> None:
    """Against a server of its own, in a world of its own, whatever the environment says."""
    done = subprocess.run(
        [sys.executable, "-m", "evals", "tasks", "--transcripts", str(tmp_path)],
        env=environment(home, ENGINTEL_WRITES="off", ENGINTEL_ORG="somebody-else"),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(TASKS)} of {len(TASKS)} tasks passed" in done.stdout
    transcripts = [json.loads(file.read_text()) for file in tmp_path.iterdir()]
    assert sorted(each["task"] for each in transcripts) == sorted(TASKS)
    assert all(each["calls"] and each["answer"] for each in transcripts)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_verifier_tells_right_from_wrong(task: Task, truth: dict[str, Any]) -> None:
    """It refuses the wrong answer and an empty one, and takes a right one in other words than the plan's."""
    wrong = task.verify(Answer(task.wrong), truth, imagine(task.wrong_calls))
    nothing = task.verify(Answer(""), truth, World())
    right = [] if task.right is None else task.verify(Answer(task.right), truth, World())

    assert wrong
    assert nothing
    assert right == []
    assert task.prove(truth) == []


def test_a_task_that_is_not_there_is_refused_before_anything_is_loaded(home: Path) -> None:
    """And so is a suite."""
    assert run(home, "eval", "no-such-suite").returncode == 2


def test_a_model_agent_without_a_model_says_what_to_set(home: Path) -> None:
    """In one line, before anything is loaded."""
    words = [sys.executable, "-m", "evals", "--agent", "model"]
    bare = subprocess.run(words, env=environment(home), capture_output=True, text=True, timeout=60, check=False)
    keyless = subprocess.run(
        words, env=environment(home, ENGINTEL_EVAL_MODEL="m"), capture_output=True, text=True, timeout=60, check=False
    )

    assert (bare.returncode, keyless.returncode) == (1, 1)
    assert "ENGINTEL_EVAL_MODEL" in bare.stderr
    assert "OPENAI_API_KEY" in keyless.stderr


def test_evals_talk_to_the_program_as_a_client_does() -> None:
    """They import nothing of it; import-linter does not look into the folders of the tasks."""
    allowed = {"evals", "domain", "mcp", "mcp_types", "openai", *sys.stdlib_module_names}
    files = [*FOLDER.rglob("*.py"), *FOLDER.parent.glob("*.py")]
    imported = {
        (str(file.relative_to(FOLDER.parent)), name.partition(".")[0])
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        for name in _imported(node)
    }

    assert len(files) > 2 * len(TASKS)
    assert {(file, name) for file, name in imported if name not in allowed} == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


# The model agent, with a model of our own: an OpenAI-compatible server on loopback that says what it is told to.


@dataclass
class Model:
    """A model that plays back a script: each turn is a final text, or the calls that it wants to make."""

    script: list[str | list[tuple[str, str]]]
    api: StandIn = field(default_factory=lambda: StandIn(""))

    def say(self, _: Sent, turn: int) -> tuple[int, Mapping[str, Any]]:
        """The turn-th completion; the last line of the script is repeated for ever."""
        line = self.script[min(turn, len(self.script)) - 1]
        message: dict[str, Any] = {"role": "assistant", "content": line if isinstance(line, str) else None}
        if not isinstance(line, str):
            message["tool_calls"] = [
                {"id": f"call-{turn}-{n}", "type": "function", "function": {"name": name, "arguments": given}}
                for n, (name, given) in enumerate(line)
            ]
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return 200, {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}

    def told(self, turn: int) -> list[str]:
        """The results of tools that came with the request for a turn."""
        messages = self.api.received[turn - 1].body["messages"]
        return [message["content"] for message in messages if message["role"] == "tool"]


@dataclass
class Played:
    """What a model was given to play with."""

    session: Session
    user: User
    slack: StandIn
    answer: Callable[[], Any]


@asynccontextmanager
async def playing(home: Path, model: Model, reply: Reply = "decline") -> AsyncIterator[Played]:
    """A model at work on the real server of an empty home."""
    task = Task("made-up", "What is there?", reply, TASKS["who_is_meant"].play, TASKS["who_is_meant"].verify, "")
    user = User(reply)
    with standing_in(model.say) as api, standing_in(message_taken) as slack:
        model.api = api
        settings = {
            "ENGINTEL_WRITES": "on", "ENGINTEL_SLACK_URL": slack.url, "ENGINTEL_SLACK_TOKEN": "x",
        }  # fmt: skip
        async with (
            served(home, settings=settings, elicitation_callback=user.answer_question) as client,
            AsyncOpenAI(base_url=f"{api.url}/v1", api_key="x", max_retries=0) as openai,
        ):
            session = Session(client, (await client.list_tools()).tools)
            player = ModelAgent("m", openai)
            yield Played(session, user, slack, lambda: player.answer(task, session))


async def test_a_model_calls_tools_and_answers(home: Path) -> None:
    """It is shown the tools as the server lists them, and results as they come."""
    model = Model([[("find_entity", '{"query": "ada"}')], "Nobody is called Ada."])
    async with playing(home, model) as played:
        answer = await played.answer()

    first = model.api.received[0].body
    assert answer == "Nobody is called Ada."
    assert [made.tool for made in played.session.made] == ["find_entity"]
    assert first["model"] == "m"
    assert first["messages"][1] == {"role": "user", "content": "What is there?"}
    listed = {tool.name: tool.input_schema for tool in played.session.tools}
    assert {each["function"]["name"]: each["function"]["parameters"] for each in first["tools"]} == listed
    assert "Nothing goes by anything like 'ada'" in model.told(2)[0]


async def test_what_a_model_gets_wrong_is_told_and_it_may_go_on(home: Path) -> None:
    """Arguments that are no JSON, or no object; a tool that there is not; an argument that it does not take."""
    model = Model([
        [("find_entity", '{"query": '), ("find_entity", '["ada"]'), ("find_everything", "{}")],
        [("find_entity", '{"name": "ada"}')],
        "I give up.",
    ])  # fmt: skip
    async with playing(home, model) as played:
        answer = await played.answer()

    broken, no_object, unknown, unexpected = model.told(3)
    assert answer == "I give up."
    assert "not JSON" in broken
    assert "one JSON object" in no_object
    assert "There is no tool 'find_everything'" in unknown
    assert "has no argument 'name'" in unexpected
    assert [made.failed for made in played.session.made] == [True] * 4


async def test_a_model_that_never_comes_to_an_end_is_stopped(home: Path) -> None:
    """After so many rounds there is no answer."""
    model = Model([[("find_entity", '{"query": "ada"}')]])
    async with playing(home, model) as played:
        with pytest.raises(NoAnswer, match=f"{ROUNDS} rounds"):
            await played.answer()

    assert len(model.api.received) == ROUNDS


async def test_a_result_that_is_too_long_is_cut_and_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model's context is not ours to fill."""
    monkeypatch.setattr(agent, "RESULT_LIMIT", 20)
    model = Model([[("find_entity", '{"query": "ada"}')], "Done."])
    async with playing(home, model) as played:
        await played.answer()

    assert model.told(2)[0].startswith(played.session.made[0].told[:20] + "\n(cut here: ")


MESSAGE = {"channel": "#general", "text": "Hello"}


async def test_a_model_acts_once_the_user_says_yes(home: Path) -> None:
    """And the program's own records tell of it."""
    model = Model([[("notify_slack", json.dumps(MESSAGE))], "Posted."])
    async with playing(home, model, "accept") as played:
        await played.answer()
        [row] = json.loads(run(home, "audit", "--json").stdout)
        [entry] = json.loads(run(home, "outbox", "--json").stdout)

    assert [dict(sent.body)["text"] for sent in played.slack.received] == ["Hello"]
    assert len(played.user.asked) == 1
    assert (row["action"], row["target"], row["outcome"]) == ("notify_slack", "slack:#general", "done")
    assert (entry["state"], entry["draft"]["text"]) == ("done", "Hello")


async def test_a_model_is_refused_when_the_user_says_no(home: Path) -> None:
    """Which the user does unless the task says otherwise."""
    model = Model([[("notify_slack", json.dumps(MESSAGE))], "It was declined."])
    async with playing(home, model) as played:
        await played.answer()

    assert played.slack.received == []
    assert "declined" in model.told(2)[0]
    assert "notify_slack  slack:#general" in run(home, "audit").stdout
    assert run(home, "outbox").stdout == "the outbox is empty\n"


@pytest.fixture(scope="module")
def people() -> dict[str, Any]:
    """A company small enough to see through."""
    names = {"Zoë Lefèvre": "zoe.lefevre", "Daniel Krüger": "daniel.krueger", "Daniel Osei": "dosei"}
    return {"people": [{"name": name, "email": f"{box}@acme.dev", "team": "x"} for name, box in names.items()]}


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("Ask **Zoe Lefevre**.", "Zoë Lefèvre", True),
        ("ask zoë", "Zoë Lefèvre", True),
        ("Daniel Krueger did it", "Daniel Krüger", True),
        ("KRÜGER did it", "Daniel Krüger", True),
        ("Daniel did it", "Daniel Krüger", False),
        ("Zoelf did it", "Zoë Lefèvre", False),
    ],
)
def test_names_are_found_however_they_are_written(people: dict[str, Any], text: str, name: str, found: bool) -> None:
    """But a part of a name that two people share names nobody."""
    assert checks.mentions_person(text, name, people) is found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("27.8 % failed", 0.278), ("27,8% failed", 0.278), ("28 percent", 0.28), ("0.278", 0.278),
        ("five of 18", 5 / 18), ("5 out of the 18", 5 / 18), ("1,200 rows", 1200), ("thirteen issues", 13),
        ("n=18", 18), ("| 38 | 14 |", 14),
    ],
)  # fmt: skip
def test_numbers_are_found_however_they_are_written(text: str, value: float) -> None:
    """In figures, in words, as shares."""
    assert any(abs(number - value) < 1e-9 for number in prose.numbers(text))


def test_parts_of_dates_and_keys_are_no_numbers() -> None:
    """Else every answer with a date would have the right count in it."""
    assert list(prose.numbers("since 2026-08-18 in PAY-18 and acme/shop#18")) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Ask Zoë, not Daniel Osei.", {"Zoë Lefèvre"}),
        ("I recommend Zoë rather than Krüger", {"Zoë Lefèvre"}),
        ("You would normally ask Osei, but Zoë has time.", {"Zoë Lefèvre"}),
        ("Do not ask Osei.", set()),
        ("Zoë has room: no issues, no reviews.", {"Zoë Lefèvre"}),
        ("Ask Osei to review it.", set()),
    ],
)
def test_who_is_recommended_is_told_apart_from_who_is_not(people: dict[str, Any], text: str, wanted: set[str]) -> None:
    """Also within one sentence."""
    assert checks.recommended(text, people) == wanted
