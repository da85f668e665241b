"""Filling the directory's people: what events say of accounts, and who is behind them when that has changed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter

from adapters.directory.postgres_names import put_names
from adapters.directory.postgres_owners import resolve, sign
from adapters.postgres.database import Connection, Row, load_queries
from domain.events import (
    Actor,
    Commit,
    Event,
    IdentityDecision,
    Issue,
    Mailmap,
    PersonDescribed,
    PullRequest,
    Review,
    Source,
    TeamMembership,
)
from domain.identity import signs_of
from domain.people import Identity, Person, Terms, id_suffix
from domain.text import slug

_SQL: Final = load_queries("adapters.directory", "postgres.sql")
_IDENTITIES: Final = TypeAdapter(tuple[Identity, ...], config=ConfigDict(defer_build=True))
_USERNAME, _NAME, _EMAIL = _SAID = ("username", "name", "email")


@dataclass(slots=True)
class Sighting:
    """What is known of one account, each part with the time at which it was last said.

    A plain type: every event names somebody, and there is nothing left to validate.
    """

    key: str
    source: str
    external_id: str
    bot: bool = False
    said: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    @classmethod
    def of_row(cls, row: Row) -> "Sighting":
        """What a row of `identities` knows."""
        said = {part: (row[f"{part}_at"], row[part]) for part in _SAID if row[part]}
        return cls(row["key"], row["source"], row["external_id"], row["bot"], said)

    def take(self, actor: Actor, at: datetime) -> None:
        """Add what an event that occurred at `at` says of the account.

        The newer word on each part counts, and the greater of two that were said at once: so order is no matter.
        """
        self.bot = self.bot or actor.bot
        for part, word in ((_USERNAME, actor.username), (_NAME, actor.name), (_EMAIL, actor.email)):
            if word:
                before = self.said.get(part)
                if before is None or before < (at, word):
                    self.said[part] = (at, word)

    def merged(self, known: "Sighting") -> "Sighting":
        """This and what was known before together."""
        parts = self.said.keys() | known.said.keys()
        said = {part: max(word for one in (self, known) if (word := one.said.get(part))) for part in parts}
        return Sighting(self.key, self.source, self.external_id, self.bot or known.bot, said)

    @property
    def identity(self) -> Identity:
        """The account as it is known now."""
        username, name, email = (self.word(part) for part in _SAID)
        return Identity(
            source=Source(self.source), external_id=self.external_id, username=username, name=name, email=email,
            bot=self.bot,
        )  # fmt: skip

    def word(self, part: str) -> str | None:
        """What was last said of `part`."""
        at_and_word = self.said.get(part)
        return at_and_word[1] if at_and_word else None

    def at(self, part: str) -> datetime | None:
        """When that was said."""
        at_and_word = self.said.get(part)
        return at_and_word[0] if at_and_word else None

    def says_the_same_as(self, other: "Sighting | None") -> bool:
        """Whether nothing but times differs."""
        return (
            other is not None and self.bot == other.bot and all(self.word(part) == other.word(part) for part in _SAID)
        )


def actors_in(event: Event) -> Iterator[Actor]:
    """Every account that an event names, whatever its part in it."""
    body = event.body
    named: list[Actor | None] = [event.actor]
    if isinstance(body, Commit):
        named.extend(body.co_authors)
    elif isinstance(body, PullRequest):
        named.extend((body.merged_by, *body.reviewers))
    elif isinstance(body, Review):
        named.append(body.pr_author)
    elif isinstance(body, Issue):
        named.extend((body.assignee, body.reporter))
    elif isinstance(body, PersonDescribed):
        named.extend(body.accounts)
    elif isinstance(body, Mailmap):
        named.extend(actor for alias in body.aliases for actor in (alias.signature, alias.proper))
    return (actor for actor in named if actor is not None)


async def fill_people(connection: Connection, org: str, events: Sequence[Event]) -> None:
    """Take in what `events` say of people, and work out who is who if that can have changed."""
    changed = await _fill_identities(connection, org, events)
    for event in events:
        changed |= await _fill_evidence(connection, org, event)
    if changed:
        await resolve(connection, org, changed)


async def _fill_identities(connection: Connection, org: str, events: Iterable[Event]) -> set[str]:
    """The accounts of which something new is said, and those that were tied to them by what was said before."""
    seen: dict[str, Sighting] = {}
    for event in events:
        for actor in actors_in(event):
            key = actor.key
            if key not in seen:
                seen[key] = Sighting(key, actor.source, actor.external_id)
            seen[key].take(actor, event.occurred_at)
    if not seen:
        return set()
    rows = await connection.fetch(_SQL["known_identities"], org, list(seen))
    before = {row["key"]: Sighting.of_row(row) for row in rows}
    after = {key: sighting.merged(before[key]) if key in before else sighting for key, sighting in seen.items()}
    moved = [sighting for key, sighting in sorted(after.items()) if sighting != before.get(key)]
    if moved:
        columns = [[getattr(sighting, column) for sighting in moved] for column in ("key", "source", "external_id")]
        made = ([id_suffix(sighting.key) for sighting in moved], [slug(s.word(_NAME) or "") for s in moved])
        said: list[list[Any]] = []
        for part in _SAID:
            said += [[sighting.word(part) for sighting in moved], [sighting.at(part) for sighting in moved]]
        bots = [sighting.bot for sighting in moved]
        await connection.execute(_SQL["put_identities"], org, *columns, *made, *said, bots)
    changed = {s.key: signs_of(s.identity) for s in moved if not s.says_the_same_as(before.get(s.key))}
    return await sign(connection, org, changed) if changed else set()


async def _fill_evidence(connection: Connection, org: str, event: Event) -> set[str]:
    """The accounts of which `event` says whose they are or no longer are; who is in which team is taken in, too."""
    body = event.body
    if isinstance(body, Mailmap):
        pairs = [(alias.signature.key, alias.proper.key) for alias in body.aliases]
        return await _replace_links(connection, org, event.entity, pairs)
    if isinstance(body, IdentityDecision):
        left, right = sorted((body.left, body.right))
        same = body.type == "identity_merged"
        await connection.execute(_SQL["put_decision"], org, left, right, same, event.occurred_at)
        return {left, right}
    if isinstance(body, PersonDescribed) and event.actor:
        return await _describe(connection, org, event, event.actor, body)
    if isinstance(body, TeamMembership) and event.actor:
        member = (event.actor.key, "membership", body.type == "team_joined", event.occurred_at)
        await _put_membership(connection, org, body.team, body.team_name, member)
    return set()


async def _describe(connection: Connection, org: str, event: Event, row: Actor, body: PersonDescribed) -> set[str]:
    """Take in a roster row; `row` is the account that stands for it."""
    terms = Terms(
        name=body.name, email=body.email, role=body.role, allocation=body.allocation, away_until=body.away_until
    )
    text = terms.model_dump_json(exclude_none=True)
    if not await connection.fetchval(_SQL["put_terms"], org, row.key, text, event.occurred_at):
        return set()  # something newer is known
    pairs = [(account.key, row.key) for account in body.accounts]
    changed = await _replace_links(connection, org, row.key, pairs)
    await connection.execute(_SQL["drop_memberships"], org, row.key)
    if body.team:
        member = (row.key, row.key, True, event.occurred_at)
        await _put_membership(connection, org, slug(body.team), body.team, member)
    return {row.key, *changed}


async def _put_membership(
    connection: Connection, org: str, team: str, name: str, member: tuple[str, str, bool, datetime]
) -> None:
    await connection.execute(_SQL["put_membership"], org, team, name, *member)
    await put_names(connection, org, "team", {team: {name}})


async def _replace_links(connection: Connection, org: str, origin: str, pairs: Sequence[tuple[str, str]]) -> set[str]:
    """The accounts that `origin` joins, and those that it joined so far."""
    rows = await connection.fetch(_SQL["drop_links"], org, origin)
    before = [(row["left_key"], row["right_key"]) for row in rows]
    if pairs:
        await connection.execute(_SQL["put_links"], org, origin, *map(list, zip(*pairs, strict=True)))
    return {key for pair in (*before, *pairs) for key in pair}


def person_of(row: Row) -> Person:
    """The person in a row of the `people` query."""
    return Person(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        bot=row["bot"],
        identities=_IDENTITIES.validate_json(row["identities"] or "[]"),
        teams=tuple(sorted(row["teams"] or ())),
        terms=Terms.model_validate_json(row["terms"]),
    )
