"""`engintel audit` and `engintel outbox`: what was done in somebody's name, and what is on its way."""

import argparse
import json
from collections.abc import Sequence
from typing import Final, get_args

from domain.errors import InvalidInput
from domain.frozen import Frozen
from domain.ports import AuditEntry, Outbox, OutboxEntry
from domain.ports.actions import OutboxState
from domain.text import line
from server.bootstrap import open_engine
from server.settings import load_settings

_SHOWN: Final = 80
"""Characters of a text that a line shows; --json has all of it."""


async def audit(arguments: argparse.Namespace) -> int:
    """List what was done, declined or refused, the newest first."""
    async with open_engine(load_settings()) as engine:
        rows = await engine.audit.entries(arguments.limit)
    return _show(rows, [_audited(row) for row in rows], "nothing was done yet", as_json=arguments.json)


async def outbox(arguments: argparse.Namespace) -> int:
    """List every action that was confirmed or that a rule decided, and how it went; or change the state of one."""
    async with open_engine(load_settings()) as engine:
        if arguments.retry or arguments.drop:
            return await _change(engine.outbox, arguments.retry, arguments.drop)
        entries = await engine.outbox.entries(get_args(OutboxState))
    return _show(entries, [_sent(entry) for entry in entries], "the outbox is empty", as_json=arguments.json)


async def _change(outbox: Outbox, retry: str | None, drop: str | None) -> int:
    if retry and not await outbox.again(retry):
        raise InvalidInput(
            f"{retry!r} cannot be tried again: expected the key of an automation's action that failed, was held, "
            "dropped or parked; `engintel outbox` prints them."
        )
    if drop and not await outbox.drop(drop):
        raise InvalidInput(
            f"{drop!r} cannot be dropped: expected the key of an action that is not done and not on its way; "
            "`engintel outbox` prints them."
        )
    print(f"{retry} will be carried" if retry else f"{drop} was dropped")
    return 0


def _show(rows: Sequence[Frozen], lines: Sequence[str], nothing: str, *, as_json: bool) -> int:
    if as_json:
        print(
            json.dumps([row.model_dump(mode="json", exclude_none=True) for row in rows], ensure_ascii=False, indent=2)
        )
    else:
        print("\n".join(lines) or nothing)
    return 0


def _audited(row: AuditEntry) -> str:
    told = line(str(row.details.get("reason") or row.details.get("text") or ""), _SHOWN)
    return f"{row.at:%Y-%m-%d %H:%M:%S}  {row.outcome:8}  {row.action}  {row.target}  {row.principal}  {told}".rstrip()


def _sent(entry: OutboxEntry) -> str:
    told = line(entry.reason or entry.url or entry.receipt or entry.draft.text, _SHOWN)
    key = f"  [{entry.key}]" if entry.state not in {"done", "in_flight"} else ""
    what = f"{entry.draft.action}  {entry.draft.target}  {entry.principal}{key}"
    return f"{entry.created_at:%Y-%m-%d %H:%M:%S}  {entry.state:9}  {what}  {told}".rstrip()
