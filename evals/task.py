"""A task: a folder with what a lead asks, how it can be found out, and how to tell whether an answer is right."""

import importlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evals.session import Answer, Call, Made
from evals.user import Reply
from evals.world import World, imagine

FOLDER: Final = Path(__file__).parent / "tasks"
Play = Callable[[Call], Awaitable[str]]
"""The reference plan: makes real calls, and puts the final answer together from nothing but what they said."""
Verify = Callable[[Answer, Mapping[str, Any], World], list[str]]
"""Compares an answer, and what happened meanwhile, with what is planted. Gives complaints; none means passed."""


@dataclass(frozen=True)
class Task:
    """One task.

    Shape:
        name: its folder.
        asked: `task.md`, what the lead says.
        reply: `confirm.txt`, what the user says when asked before an action; `decline` without one.
        play, verify: from `plan.py` and `verify.py`.
        right: `right.md`, a right answer in other words than the plan's, where one can be right without acting.
        wrong: `wrong.md`, a plausible answer that is wrong.
        wrong_calls: `wrong_calls.json`, actions that go with it.
        deliveries: `deliveries.ndjson`, recorded webhooks that the task needs on top of the sample.
    """

    name: str
    asked: str
    reply: Reply
    play: Play
    verify: Verify
    wrong: str
    right: str | None = None
    wrong_calls: tuple[Mapping[str, Any], ...] = ()
    deliveries: Path | None = None

    def prove(self, truth: Mapping[str, Any]) -> list[str]:
        """Complaints about the verifier itself: it lets the right answer pass, but not the wrong one or none at all."""
        calls = tuple(Made(call["tool"], call["arguments"]) for call in self.wrong_calls)
        let_through = {
            "an empty answer": self.verify(Answer(""), truth, World()),
            "wrong.md": self.verify(Answer(self.wrong, calls), truth, imagine(self.wrong_calls)),
        }
        lenient = [f"verify.py lets {what} pass" for what, complaints in let_through.items() if not complaints]
        if self.right is None:
            return lenient
        return lenient + [
            f"verify.py refuses right.md: {why}" for why in self.verify(Answer(self.right), truth, World())
        ]


def task_names() -> list[str]:
    """The tasks there are."""
    return sorted(folder.parent.name for folder in FOLDER.glob("*/task.md"))


def load_tasks(names: Sequence[str]) -> list[Task]:
    """The tasks of these names.

    Raises:
        FileNotFoundError: one of them lacks a file.
    """
    return [_load(name) for name in names]


def _load(name: str) -> Task:
    folder = FOLDER / name
    confirm, right, wrong_calls, deliveries = (
        folder / file for file in ("confirm.txt", "right.md", "wrong_calls.json", "deliveries.ndjson")
    )
    return Task(
        name=name,
        asked=_text(folder / "task.md"),
        reply="accept" if confirm.exists() and _text(confirm) == "accept" else "decline",
        play=importlib.import_module(f"evals.tasks.{name}.plan").play,
        verify=importlib.import_module(f"evals.tasks.{name}.verify").verify,
        wrong=_text(folder / "wrong.md"),
        right=_text(right) if right.exists() else None,
        wrong_calls=tuple(json.loads(_text(wrong_calls))) if wrong_calls.exists() else (),
        deliveries=deliveries if deliveries.exists() else None,
    )


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip()
