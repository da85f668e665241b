"""What `engintel doctor` says of sources elsewhere: whether each answers, knows us, and was polled lately."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from domain.errors import EngintelError, Misconfigured
from domain.ports import Polled
from domain.text import line
from server.bootstrap import Engine
from server.settings import Settings
from server.sources import account_of, poll_intervals, poll_names, source_of

_PATIENCE: Final = 10.0
"""Seconds that a source may take to say who we are."""
_SILENT: Final = f"it does not answer within {_PATIENCE:.0f} s"
_SLACK: Final = timedelta(seconds=60)


async def source_checks(engine: Engine) -> list[dict[str, Any]]:
    """A row for every source that is to be polled, or that ever was, each asked who we are."""
    settings = engine.settings
    try:
        wanted, every = poll_names(settings), poll_intervals(settings)
    except Misconfigured as error:
        return [{"part": "polling", "state": "down", "why": str(error)}]
    told = {entry.source: entry for entry in await engine.polls.entries()}
    names = {_name(kind, name): (kind, name) for kind, name in wanted}
    once = [tuple(source.split(":", 1)) if ":" in source else (source, "") for source in told if source not in names]
    unnamed = [kind for kind in _configured(settings) if kind not in {each for each, _ in [*wanted, *once]}]
    rows = [_row(engine, kind, name, told.get(_name(kind, name)), every[kind]) for kind, name in wanted]
    rows += [_row(engine, kind, name, told[_name(kind, name)], None) for kind, name in once if kind in every]
    rows += [_account(settings, kind) for kind in unnamed]
    return list(await asyncio.gather(*rows))


def _configured(settings: Settings) -> list[str]:
    """The kinds of source that there are credentials for, or an address."""
    there = {
        "github": settings.github_token,
        "jira": settings.jira_url and settings.jira_token,
        "notion": settings.notion_token,
        "prometheus": settings.prometheus_url,
    }
    return [kind for kind, value in there.items() if value]


async def _account(settings: Settings, kind: str) -> dict[str, Any]:
    """A source of which nothing was read yet: whether it answers, and who we are there."""
    row: dict[str, Any] = {"part": f"source {kind}", "state": "ok", "read": "never"}
    try:
        async with asyncio.timeout(_PATIENCE):
            row["knows_us_as"] = await account_of(settings, kind)
    except (EngintelError, TimeoutError) as error:
        row |= {"state": "off", "why": str(error) or _SILENT}
    return row


def _name(kind: str, name: str) -> str:
    return f"{kind}:{name.upper() if kind == 'jira' else name}" if name else kind


async def _row(engine: Engine, kind: str, name: str, told: Polled | None, every: int | None) -> dict[str, Any]:
    """One source. One that is not polled any more is never `down`: nobody waits for it."""
    row: dict[str, Any] = {"part": f"source {_name(kind, name)}", "state": "ok"}
    try:
        row["knows_us_as"] = await _asked(engine, kind, name)
    except EngintelError as error:
        row |= {"state": "down" if every else "off", "why": str(error)}
    if every:
        row["polled_every_seconds"] = every
    if told is None:
        return row | ({"read": "never"} if every else {})
    row |= _history(told, engine.now())
    if row["state"] == "ok" and every and _late(told, every, engine.now()):
        row |= {"state": "stale", "see": "is a server running that polls (ENGINTEL_POLL)?"}
    return row


async def _asked(engine: Engine, kind: str, name: str) -> str:
    source = source_of(engine.settings, kind, name, engine.now)
    try:
        async with asyncio.timeout(_PATIENCE):
            return line(await source.check())
    except TimeoutError:
        raise EngintelError(_SILENT) from None
    finally:
        await source.close()


def _history(told: Polled, now: datetime) -> dict[str, Any]:
    history: dict[str, Any] = {}
    if told.reached_at:
        history["read_at"] = told.reached_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        history["lag_seconds"] = round(max(0.0, (now - told.reached_at).total_seconds()))
    else:
        history["read"] = "never to its end"
    if told.problem:
        history |= {"failures": told.failures, "last_problem": told.problem}
    return history


def _late(told: Polled, every: int, now: datetime) -> bool:
    return told.reached_at is None or now - told.reached_at > 3 * timedelta(seconds=every) + _SLACK
