"""Confirmations, outbox and audit in PostgreSQL. Everything here is small, and everything here must not be lost."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from adapters.postgres.bound import Bound
from adapters.postgres.database import Connection, Row, json_text, load_queries, rows_changed
from domain.actions import Draft, Upstream
from domain.errors import HandleRejected
from domain.ports import AuditEntry, Claim, Decided, OutboxEntry, Posted
from domain.ports.actions import OutboxState

_SQL: Final = load_queries("adapters.actions", "postgres.sql")


class PostgresConfirmations(Bound):
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


class PostgresOutbox(Bound):
    """Actions that were decided; see `domain.ports.Outbox`."""

    async def begin(self, key: str, draft: Draft, principal: str, lasts: timedelta) -> Claim | OutboxEntry:
        """Write down that a person's action leaves now."""
        holder = secrets.token_urlsafe(12)
        async with self._database.session(self._org) as connection:
            told = (key, _json(draft), principal, holder, lasts)
            new = rows_changed(await connection.execute(_SQL["begin"], self._org, *told))
            entry = await _known(connection, self._org, key)
        return Claim(entry=entry, holder=holder) if new else entry

    async def put(self, decided: Sequence[Decided], principal: str) -> Sequence[OutboxEntry]:
        """Add what rules decided, each once."""
        async with self._database.session(self._org) as connection:
            await put_decided(connection, self._org, decided, principal)
            return [await _known(connection, self._org, each.key) for each in decided]

    async def claim(self, upstreams: Sequence[Upstream], lasts: timedelta, *, key: str | None = None) -> Claim | None:
        """The next entry that is due and that nobody is at."""
        holder = secrets.token_urlsafe(12)
        async with self._database.session(self._org) as connection:
            row = await connection.fetchrow(_SQL["due"], self._org, list(upstreams), key)
            if row is None:
                return None
            await connection.execute(_SQL["take"], self._org, row["key"], holder, lasts)
            return Claim(entry=await _known(connection, self._org, row["key"]), holder=holder)

    async def resume(self, claim: Claim, lasts: timedelta) -> bool:
        """Move an unknown entry to `in_flight` again; False if the claim was lost."""
        async with self._database.session(self._org) as connection:
            told = (claim.entry.key, claim.holder, lasts)
            return rows_changed(await connection.execute(_SQL["resume"], self._org, *told)) == 1

    async def finish(
        self,
        claim: Claim,
        state: OutboxState,
        *,
        posted: Posted | None = None,
        reason: str | None = None,
        again_in: timedelta = timedelta(),
    ) -> None:
        """Write down how it went, and with an end the audit row of it."""
        seen = (posted.url, posted.key) if posted else (None, None)
        key = claim.entry.key
        async with self._database.session(self._org) as connection:
            told = (key, claim.holder, state, *seen, reason, again_in)
            row = await connection.fetchrow(_SQL["finish"], self._org, *told)
            if row is not None and state not in {"pending", "in_flight"}:
                draft = Draft.model_validate_json(row["draft"])
                details = {"key": key, "url": seen[0], "receipt": seen[1], "reason": reason, "text": draft.text}
                what = (row["principal"], draft.action, draft.target, state)
                await _record(connection, self._org, what, details)

    async def again(self, key: str) -> bool:
        """Let an entry be carried after all; one that is parked is looked for first."""
        async with self._database.session(self._org) as connection:
            changed = rows_changed(await connection.execute(_SQL["again"], self._org, key))
            return bool(changed or rows_changed(await connection.execute(_SQL["look_again"], self._org, key)))

    async def drop(self, key: str) -> bool:
        """Give an entry up."""
        async with self._database.session(self._org) as connection:
            return rows_changed(await connection.execute(_SQL["drop"], self._org, key)) == 1

    async def pause(self, upstream: Upstream, lasts: timedelta) -> None:
        """Leave `upstream` alone for a while."""
        async with self._database.session(self._org) as connection:
            await connection.execute(_SQL["pause"], self._org, upstream, lasts)

    async def entries(self, states: Sequence[OutboxState]) -> Sequence[OutboxEntry]:
        """The entries in one of `states`, oldest first."""
        async with self._database.session(self._org, readonly=True) as connection:
            return [_entry(row) for row in await connection.fetch(_SQL["entries"], self._org, list(states))]

    async def counts(self) -> Mapping[OutboxState, int]:
        """How many entries are in each state."""
        async with self._database.session(self._org, readonly=True) as connection:
            return {row["state"]: row["n"] for row in await connection.fetch(_SQL["counts"], self._org)}

    async def entry(self, key: str) -> OutboxEntry | None:
        """The entry of that key."""
        async with self._database.session(self._org, readonly=True) as connection:
            row = await connection.fetchrow(_SQL["entry"], self._org, key)
        return _entry(row) if row is not None else None

    async def remember(self, upstream: Upstream, accounts: Sequence[str]) -> None:
        """Write down with which accounts we write."""
        async with self._database.session(self._org) as connection:
            await connection.execute(_SQL["remember"], self._org, upstream, list(accounts))

    async def own_accounts(self) -> frozenset[str]:
        """Every account that we ever wrote with."""
        async with self._database.session(self._org, readonly=True) as connection:
            return frozenset(row["account"] for row in await connection.fetch(_SQL["own_accounts"], self._org))


async def put_decided(connection: Connection, org: str, decided: Sequence[Decided], principal: str = "") -> None:
    """Add what rules decided, as a part of a transaction that does more. What is over a rule's limit is held.

    Args:
        connection: within the transaction.
        org: whose outbox it is.
        decided: the actions.
        principal: in whose name; the rule's own, unless given.
    """
    for each in decided:
        done = 0 if principal else int(await connection.fetchval(_SQL["lately"], org, each.rule))
        draft, state, reason = each.draft, "pending", None
        if not principal and done >= each.max_per_hour:
            state, reason = "held", f"more than {each.max_per_hour} an hour of the rule {each.rule}"
        elif not principal and done == each.max_per_hour - 1 and draft.action == "notify_slack":
            draft = draft.model_copy(update={"text": draft.text + _LAST.format(limit=each.max_per_hour)})
        who = principal or f"automation:{each.rule}"
        told = (each.key, _json(draft), who, each.rule, each.event_id, state, reason)
        await connection.execute(_SQL["put"], org, *told)


_LAST: Final = "\n(This is the last of {limit} in an hour: more are held back, and `engintel outbox` lists them.)"
"""What the last message before the limit says: silence would look like peace."""


async def _known(connection: Connection, org: str, key: str) -> OutboxEntry:
    row = await connection.fetchrow(_SQL["entry"], org, key)
    assert row is not None
    return _entry(row)


def _entry(row: Row) -> OutboxEntry:
    return OutboxEntry(**{**dict(row), "draft": json.loads(row["draft"])})


def _json(draft: Draft) -> str:
    return draft.model_dump_json(exclude_defaults=True)


class PostgresAudit(Bound):
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
