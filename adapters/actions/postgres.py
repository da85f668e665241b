"""Confirmations, outbox and audit in PostgreSQL. Everything here is small, and everything here must not be lost."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from adapters.postgres.database import Connection, Database, Row, json_text, load_queries, rows_changed
from domain.actions import Draft
from domain.errors import HandleRejected
from domain.ports import AuditEntry, OutboxEntry, Posted
from domain.ports.actions import OutboxState

_SQL: Final = load_queries("adapters.actions", "postgres.sql")


class _Bound:
    """Something in a database that belongs to one organisation."""

    def __init__(self, database: Database, org: str) -> None:
        self._database = database
        self._org = org


class PostgresConfirmations(_Bound):
    """What was shown to whom; see `domain.ports.Confirmations`. Handles are stored as hashes only."""

    async def offer(self, draft: Draft, principal: str, lasts: timedelta) -> str:
        """Remember that `principal` was shown `draft`; gives the handle."""
        handle = secrets.token_urlsafe(24)
        told = (secrets.token_urlsafe(16), _hash(handle), principal, draft.digest, lasts)
        async with self._database.session(self._org) as connection:
            await connection.execute(_SQL["offer"], self._org, *told)
        return handle

    async def spend(self, handle: str, draft: Draft, principal: str) -> str:
        """Take `handle` for this draft and this principal, once."""
        async with self._database.session(self._org) as connection:
            key = await connection.fetchval(_SQL["spend"], self._org, _hash(handle), principal, draft.digest)
            if key is None:
                known = await connection.fetchrow(_SQL["look"], self._org, _hash(handle))
                raise HandleRejected(_why_rejected(known, draft, principal))
        return str(key)

    async def ask(self, draft: Draft, principal: str, lasts: timedelta) -> str:
        """The key under which `principal` is being asked about `draft`."""
        async with self._database.session(self._org) as connection:
            await connection.execute(_SQL["close_expired"], self._org, principal, draft.digest)
            told = (secrets.token_urlsafe(16), principal, draft.digest, lasts)
            return str(await connection.fetchval(_SQL["ask"], self._org, *told))

    async def settle(self, key: str) -> bool:
        """Close the question `key`; False if it was closed before."""
        async with self._database.session(self._org) as connection:
            return rows_changed(await connection.execute(_SQL["settle"], self._org, key)) == 1


def _hash(handle: str) -> str:
    return hashlib.sha256(handle.encode()).hexdigest()


def _why_rejected(known: Row | None, draft: Draft, principal: str) -> str:
    if known is None or known["principal"] != principal:
        return "this handle was not given out here"
    if known["settled"]:
        return "this handle was used before, and a handle works once"
    if known["digest"] != draft.digest:
        return "this handle was given for another text or target"
    return "this handle has expired"


class PostgresOutbox(_Bound):
    """Actions that were decided; see `domain.ports.Outbox`."""

    async def put(self, key: str, draft: Draft, principal: str) -> OutboxEntry:
        """The entry of `key`, new or known."""
        async with self._database.session(self._org) as connection:
            await connection.execute(_SQL["put"], self._org, key, draft.model_dump_json(), principal)
            row = await connection.fetchrow(_SQL["entry"], self._org, key)
        assert row is not None
        return _entry(row)

    async def start(self, key: str) -> bool:
        """Move a pending entry to `in_flight`; False if it was not pending."""
        async with self._database.session(self._org) as connection:
            return rows_changed(await connection.execute(_SQL["start"], self._org, key)) == 1

    async def finish(
        self, key: str, state: OutboxState, *, posted: Posted | None = None, reason: str | None = None
    ) -> None:
        """Write down how it ended, and the audit row with it."""
        seen = (posted.url, posted.key) if posted else (None, None)
        async with self._database.session(self._org) as connection:
            row = await connection.fetchrow(_SQL["finish"], self._org, key, state, *seen, reason)
            if row is not None:
                draft = Draft.model_validate_json(row["draft"])
                details = {"key": key, "url": seen[0], "receipt": seen[1], "reason": reason, "text": draft.text}
                what = (row["principal"], draft.action, draft.target, state)
                await _record(connection, self._org, what, details)

    async def entries(self, states: Sequence[OutboxState]) -> Sequence[OutboxEntry]:
        """The entries in one of `states`, oldest first."""
        async with self._database.session(self._org, readonly=True) as connection:
            return [_entry(row) for row in await connection.fetch(_SQL["entries"], self._org, list(states))]

    async def counts(self) -> Mapping[str, int]:
        """How many entries are in each state."""
        async with self._database.session(self._org, readonly=True) as connection:
            return {row["state"]: row["n"] for row in await connection.fetch(_SQL["counts"], self._org)}


def _entry(row: Row) -> OutboxEntry:
    return OutboxEntry(**{**dict(row), "draft": json.loads(row["draft"])})


class PostgresAudit(_Bound):
    """What was done, by whom; see `domain.ports.Audit`. The database itself refuses to change a row."""

    async def record(self, principal: str, action: str, target: str, outcome: str, details: Mapping[str, Any]) -> None:
        """Add a row."""
        async with self._database.session(self._org) as connection:
            await _record(connection, self._org, (principal, action, target, outcome), details)

    async def entries(self, limit: int) -> Sequence[AuditEntry]:
        """The newest rows, newest first."""
        async with self._database.session(self._org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["audited"], self._org, limit)
        return [AuditEntry(**{**dict(row), "details": json.loads(row["details"])}) for row in rows]


async def _record(
    connection: Connection, org: str, what: tuple[str, str, str, str], details: Mapping[str, Any]
) -> None:
    """Add a row; `what` is principal, action, target, outcome."""
    kept = {name: value for name, value in details.items() if value is not None}
    await connection.execute(_SQL["record"], org, *what, json_text(kept))
