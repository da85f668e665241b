"""`engintel automations`: the team's rules, whether they will do, and what they would do."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from adapters.rules.yaml_file import shipped_rules
from adapters.sources.deliveries import events_of, read_deliveries
from domain.automations import Rule
from domain.errors import InvalidInput
from domain.events import Event
from server.automations import Outcome, load_rules
from server.bootstrap import Engine, open_engine
from server.settings import load_settings

_SHOWN: Final = 200
"""Events of a file that are tried at most."""


async def list_rules(arguments: argparse.Namespace) -> int:
    """Check the rules and list them; 1 if they will not do, with a line for each problem."""
    if arguments.shipped:
        print(shipped_rules(), end="")
        return 0
    settings = load_settings()
    rules = load_rules(settings)
    for problem in rules.problems:
        print(f"engintel: {problem}", file=sys.stderr)
    if rules.problems:
        return 1
    allowed = settings.write_policy.allowed
    if arguments.json:
        told = [_plain(rule) for rule in rules.book.rules]
        print(json.dumps({"from": rules.origin, "rules": told, "channels": dict(rules.book.channels)}, indent=2))
        return 0
    for rule in rules.book.rules:
        print(f"{'on ' if rule.enabled else 'off'}  {rule.name}: {rule.about or ', '.join(rule.when.types)}")
    print(f"from {rules.origin}; " + (f"may write to {', '.join(allowed)}" if allowed else "ENGINTEL_WRITES is off"))
    return 0


def _plain(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "about": rule.about,
        "enabled": rule.enabled,
        "types": rule.when.types,
        "actions": [action.kind for action in rule.then],
        "line": rule.line,
    }


async def test(arguments: argparse.Namespace) -> int:
    """Say what every rule would do about an event, and why or why not, without doing it."""
    async with open_engine(load_settings()) as engine:
        if engine.automations.rules.problems:
            raise InvalidInput(f"The rules cannot be used. {engine.automations.rules.problems[0]}")
        events = _recorded(arguments.event, engine.now()) or await _happened(engine, arguments.event)
        told = [(event, await engine.automations.explain(event)) for event in events]
    if arguments.json:
        print(json.dumps([_as_json(event, outcomes) for event, outcomes in told], ensure_ascii=False, indent=2))
    else:
        for event, outcomes in told:
            print(f"{event.type} {event.entity} at {event.occurred_at:%Y-%m-%d %H:%M:%S} ({event.id})")
            for line in (line for outcome in outcomes for line in _lines(outcome)):
                print(f"  {line}")
    return 0


def _recorded(named: str, now: datetime) -> Sequence[Event]:
    """The events that recorded deliveries tell, if such a file or one line of it is named."""
    path, _, number = named.rpartition(":")
    if named == "-":
        return _delivered(Path("/dev/stdin"), None, now)
    if Path(named).is_file():
        return _delivered(Path(named), None, now)
    if path and number.isdecimal() and Path(path).is_file():
        return _delivered(Path(path), int(number), now)
    return ()


async def _happened(engine: Engine, named: str) -> Sequence[Event]:
    """The event of that id."""
    found = await engine.events.happened(ids=(named,), limit=1)
    if not found:
        raise InvalidInput(
            f"{named!r} is no event: expected the id of one that happened, a file of recorded webhooks (FILE, or "
            "FILE:LINE for one of them), or - for standard input."
        )
    return found


def _delivered(path: Path, number: int | None, now: datetime) -> Sequence[Event]:
    events: list[Event] = []
    for each in read_deliveries(path):
        if number in {None, each.number}:
            if each.delivery is None:
                raise InvalidInput(f"{path.name}, line {each.number}: {each.problem}.")
            events += events_of(each.delivery.source, each.delivery.headers, each.delivery.body, received_at=now)
        if len(events) >= _SHOWN:
            break
    if not events:
        raise InvalidInput(f"{path.name} tells of no event" + (f" on line {number}." if number else "."))
    return events


def _lines(outcome: Outcome) -> Iterator[str]:
    verdict = outcome.verdict
    checks = [check for check in verdict.checks if not check.passed] or verdict.checks
    why = "; ".join(check.text for check in checks)
    yield f"{'yes' if verdict.matched else 'no '}  {verdict.rule.name}: {why}"
    for effect in outcome.effects:
        would = "would" if verdict.matched else "would, were it new,"
        if effect.draft is None:
            yield f"       nothing: {effect.withheld}"
            continue
        what = f"{effect.draft.action} {effect.draft.target}"
        yield f"       {would} {what}" + (f", but: {effect.withheld}" if effect.withheld else "")
        yield from (f"       | {line}" for line in effect.draft.text.splitlines())


def _as_json(event: Event, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "event": event.id,
        "type": event.type,
        "rules": [
            {
                "name": outcome.verdict.rule.name,
                "matches": outcome.verdict.matched,
                "checks": [check.model_dump() for check in outcome.verdict.checks],
                "effects": [
                    {
                        "action": effect.draft.action if effect.draft else None,
                        "target": effect.draft.target if effect.draft else None,
                        "text": effect.draft.text if effect.draft else None,
                        "withheld": effect.withheld,
                    }
                    for effect in outcome.effects
                ],
            }
            for outcome in outcomes
        ],
    }
