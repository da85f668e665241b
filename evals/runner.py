"""Plays tasks in one world, against one server, and looks at what came of each."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.agent import Agent
from evals.session import Answer, Made, Session
from evals.task import Task
from evals.world import Mark, Playground, World, playground


@dataclass(frozen=True)
class Outcome:
    """What came of one task. No complaints: it passed."""

    task: str
    complaints: tuple[str, ...]
    calls: tuple[Made, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether nobody complained."""
        return not self.complaints


@dataclass(frozen=True)
class Run:
    """Tasks that were played: every outcome, and the tools that none of them called."""

    outcomes: tuple[Outcome, ...]
    unused_tools: tuple[str, ...]


@dataclass(frozen=True)
class _Played:
    """A task that was played and is not judged yet. `broke` says why there is no answer, if there is none."""

    task: Task
    answer: Answer
    broke: str
    messages: Sequence[Mapping[str, Any]]
    began: Mark
    ended: Mark
    seconds: float


def run(tasks: Sequence[Task], agent: Agent, transcripts: Path | None = None) -> Run:
    """Play `tasks` one after the other, then judge them.

    Args:
        tasks: what to play.
        agent: who plays.
        transcripts: a folder to write down in what was said and called, a file a task; None to write nothing.

    Raises:
        WorldFailed: the program would not start, or not load the sample.
    """
    _say("loading the sample organisation")
    with playground([task.deliveries for task in tasks if task.deliveries]) as ground:
        played, tools = asyncio.run(_play_all(tasks, agent, ground))
        records = ground.records()
    outcomes = []
    for each in played:
        world = ground.between(each.began, each.ended, records)
        outcomes.append(_judge(each, world, ground.truth))
        if transcripts:
            _write_down(transcripts, each, world, outcomes[-1])
    called = {made.tool for outcome in outcomes for made in outcome.calls}
    return Run(tuple(outcomes), tuple(sorted(tools - called)))


async def _play_all(tasks: Sequence[Task], agent: Agent, ground: Playground) -> tuple[list[_Played], set[str]]:
    async with ground.served() as client:
        tools = (await client.list_tools()).tools
        played = []
        for number, task in enumerate(tasks, start=1):
            _say(f"playing {task.name} ({number} of {len(tasks)})")
            played.append(await _play(task, agent, ground, Session(client, tools)))
    return played, {tool.name for tool in tools}


async def _play(task: Task, agent: Agent, ground: Playground, session: Session) -> _Played:
    ground.user.reply = task.reply
    began, clock = ground.mark(), time.monotonic()
    text = broke = ""
    try:
        text = await agent.answer(task, session)
    except Exception as error:  # noqa: BLE001 - one task that breaks must not end the others
        broke = f"{type(error).__name__}: {error}"
    seconds = time.monotonic() - clock
    answer = Answer(text, tuple(session.made))
    return _Played(task, answer, broke, session.messages, began, ground.mark(), seconds)


def _judge(played: _Played, world: World, truth: Mapping[str, Any]) -> Outcome:
    complaints = [f"there is no answer ({played.broke})"] if played.broke else []
    if not played.broke:
        complaints += played.task.verify(played.answer, truth, world)
    complaints += played.task.prove(truth)
    return Outcome(played.task.name, tuple(complaints), played.answer.calls, played.seconds)


def _write_down(folder: Path, played: _Played, world: World, outcome: Outcome) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "task": played.task.name,
        "asked": played.task.asked,
        "passed": outcome.passed,
        "complaints": outcome.complaints,
        "answer": played.answer.text,
        "seconds": round(played.seconds, 3),
        "calls": [asdict(made) for made in played.answer.calls],
        "world": asdict(world),
        "messages": played.messages,
    }
    file = folder / f"{played.task.name}.json"
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")


def _say(what: str) -> None:
    print(f"{what} ...", file=sys.stderr, flush=True)
