"""`engintel eval` and `python -m evals`: plays a suite and prints how it went."""

import argparse
import os
import runpy
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from evals.agent import Agent, NotConfigured, ScriptedAgent, model_agent
from evals.runner import Run, run
from evals.task import load_tasks, task_names
from evals.world import WorldFailed

TASKS: Final = "tasks"
_HERE: Final = Path(__file__).parent


def main() -> int:
    """Play the suite that the command line names.

    Returns:
        0 if everything passed, 1 if anything failed or could not start.
    """
    arguments = _parser().parse_args()
    if arguments.suite != TASKS:
        runpy.run_module(f"evals.{arguments.suite}", run_name="__main__")
        return 0
    try:
        agent = _agent(arguments.agent)
        transcripts = arguments.transcripts or _default_folder(agent)
        result = run(load_tasks(arguments.task or task_names()), agent, transcripts)
    except (NotConfigured, WorldFailed) as error:
        print(f"engintel eval: {error}", file=sys.stderr)
        return 1
    _show(result, whole=not arguments.task)
    if transcripts:
        print(f"transcripts are in {transcripts}")
    return 0 if all(outcome.passed for outcome in result.outcomes) else 1


def _parser() -> argparse.ArgumentParser:
    suites = [TASKS, *sorted(file.parent.name for file in _HERE.glob("*/__main__.py"))]
    parser = argparse.ArgumentParser(prog="engintel eval", description=__doc__)
    parser.add_argument("suite", nargs="?", default=TASKS, choices=suites, help="what to play (%(default)s)")
    parser.add_argument(
        "--task", action="append", choices=task_names(), metavar="NAME", help="only this one; repeatable"
    )
    parser.add_argument(
        "--agent",
        choices=("scripted", "model"),
        default="model" if os.environ.get("ENGINTEL_EVAL_MODEL") else "scripted",
        help="who plays: the reference plans, or the model that ENGINTEL_EVAL_MODEL names (%(default)s)",
    )
    parser.add_argument("--transcripts", type=Path, metavar="FOLDER", help="write down in it what was said and called")
    return parser


def _agent(name: str) -> Agent:
    return ScriptedAgent() if name == "scripted" else model_agent()


def _default_folder(agent: Agent) -> Path | None:
    """A model never plays the same twice, so what it said is always kept."""
    if isinstance(agent, ScriptedAgent):
        return None
    return Path(".cache", "evals", f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}")


def _show(result: Run, *, whole: bool) -> None:
    width = max(len(outcome.task) for outcome in result.outcomes)
    print(f"{'task':{width}}  passed  calls  seconds")
    for outcome in result.outcomes:
        passed = "yes" if outcome.passed else "NO"
        print(f"{outcome.task:{width}}  {passed:6}  {len(outcome.calls):5d}  {outcome.seconds:7.2f}")
        for complaint in outcome.complaints:
            print(f"{'':{width}}  - {complaint}")
    passed_all = sum(outcome.passed for outcome in result.outcomes)
    print(f"\n{passed_all} of {len(result.outcomes)} tasks passed")
    if whole and result.unused_tools:
        print(f"no task called: {', '.join(result.unused_tools)}")


if __name__ == "__main__":
    sys.exit(main())
