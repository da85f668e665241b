"""Filling the directory's people: what events say of accounts, and who is behind them when that has changed."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

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
    TeamMembership,
)
from domain.identity import Decision, Evidence, resolve_people
from domain.lookup import trigrams
from domain.people import Identity, Person, Terms, id_suffix
from domain.text import slug

_SQL: Final = load_queries("adapters.directory", "postgres.sql")
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
        await _resolve(connection, org)


async def _fill_identities(connection: Connection, org: str, events: Iterable[Event]) -> bool:
    seen: dict[str, Sighting] = {}
    for event in events:
        for actor in actors_in(event):
            key = actor.key
            if key not in seen:
                seen[key] = Sighting(key, actor.source, actor.external_id)
            seen[key].take(actor, event.occurred_at)
    if not seen:
        return False
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
    return any(not sighting.says_the_same_as(before.get(sighting.key)) for sighting in moved)


async def _fill_evidence(connection: Connection, org: str, event: Event) -> bool:
    """Whether `event` says anything about whose accounts are whose, or who is in which team."""
    body = event.body
    if isinstance(body, Mailmap):
        pairs = [(alias.signature.key, alias.proper.key) for alias in body.aliases]
        await _replace_links(connection, org, event.entity, pairs)
    elif isinstance(body, IdentityDecision):
        left, right = sorted((body.left, body.right))
        same = body.type == "identity_merged"
        await connection.execute(_SQL["put_decision"], org, left, right, same, event.occurred_at)
    elif isinstance(body, PersonDescribed) and event.actor:
        await _describe(connection, org, event, event.actor, body)
    elif isinstance(body, TeamMembership) and event.actor:
        member = (event.actor.key, "membership", body.type == "team_joined", event.occurred_at)
        await _put_membership(connection, org, body.team, body.team_name, member)
    else:
        return False
    return True


async def _describe(connection: Connection, org: str, event: Event, row: Actor, body: PersonDescribed) -> None:
    """Take in a roster row; `row` is the account that stands for it."""
    terms = Terms(
        name=body.name, email=body.email, role=body.role, allocation=body.allocation, away_until=body.away_until
    )
    text = terms.model_dump_json(exclude_none=True)
    if not await connection.fetchval(_SQL["put_terms"], org, row.key, text, event.occurred_at):
        return  # something newer is known
    await _replace_links(connection, org, row.key, [(account.key, row.key) for account in body.accounts])
    await connection.execute(_SQL["drop_memberships"], org, row.key)
    if body.team:
        member = (row.key, row.key, True, event.occurred_at)
        await _put_membership(connection, org, slug(body.team), body.team, member)


async def _put_membership(
    connection: Connection, org: str, team: str, name: str, member: tuple[str, str, bool, datetime]
) -> None:
    await connection.execute(_SQL["put_membership"], org, team, name, *member)
    await put_names(connection, org, "team", {team: {name}})


async def _replace_links(connection: Connection, org: str, origin: str, pairs: Sequence[tuple[str, str]]) -> None:
    await connection.execute(_SQL["drop_links"], org, origin)
    if pairs:
        await connection.execute(_SQL["put_links"], org, origin, *map(list, zip(*pairs, strict=True)))


async def _resolve(connection: Connection, org: str) -> None:
    """Work out who is behind all accounts, and write what differs from before."""
    identities = await connection.fetch(_SQL["all_identities"], org)
    evidence = Evidence(
        links=tuple((row["left_key"], row["right_key"]) for row in await connection.fetch(_SQL["all_links"], org)),
        decisions=tuple(Decision(**row) for row in await connection.fetch(_SQL["all_decisions"], org)),
        terms={
            row["key"]: Terms.model_validate_json(row["terms"])
            for row in await connection.fetch(_SQL["all_terms"], org)
        },
    )
    people = {person.id: person for person in resolve_people([identity_of(row) for row in identities], evidence)}
    before = {row["id"]: _summary_of_row(row) for row in await connection.fetch(_SQL["all_people"], org)}
    owners = {row["key"]: row["person_id"] for row in identities}
    new_owners = {key: person.id for person in people.values() for key in person.keys}
    moved = {key: owner for key, owner in new_owners.items() if owners[key] != owner}
    touched = {moved[key] for key in moved} | {owners[key] for key in moved}
    changed = [p for p in people.values() if before.get(p.id) != _summary(p) or p.id in touched]
    gone = list(before.keys() - people.keys())
    await connection.execute(_SQL["drop_people"], org, gone)
    await connection.execute(_SQL["drop_names"], org, "person", [*gone, *(person.id for person in changed)])
    if changed:
        columns = [list(column) for column in zip(*map(_summary, changed), strict=True)]
        slugs = [slug(person.name) for person in changed]
        await connection.execute(_SQL["put_people"], org, [person.id for person in changed], slugs, *columns)
        await put_names(connection, org, "person", {person.id: _names(person) for person in changed})
    if moved:
        await connection.execute(_SQL["assign_identities"], org, list(moved), list(moved.values()))


def _summary(person: Person) -> tuple[str, str | None, bool, str]:
    return (person.name, person.email, person.bot, person.terms.model_dump_json(exclude_none=True))


def _summary_of_row(row: Row) -> tuple[str, str | None, bool, str]:
    terms = Terms.model_validate_json(row["terms"])
    return (row["name"], row["email"], row["bot"], terms.model_dump_json(exclude_none=True))


def _names(person: Person) -> set[str]:
    """What somebody may be looked up by: names, user names, and mail addresses without their domains."""
    names = {person.name}
    for identity in person.identities:
        names.update(text for text in (identity.name, identity.username) if text)
        names.update({identity.email.partition("@")[0]} if identity.email else ())
    return names


async def put_names(connection: Connection, org: str, kind: str, names: Mapping[str, Iterable[str]]) -> None:
    """Make things findable by parts of their names."""
    by_id: dict[str, set[str]] = defaultdict(set)
    for id_, texts in names.items():
        by_id[id_].update(texts)
    rows = [(id_, name, " ".join(sorted(trigrams(name)))) for id_, texts in by_id.items() for name in sorted(texts)]
    if rows:
        await connection.execute(_SQL["put_names"], org, kind, *map(list, zip(*rows, strict=True)))


def identity_of(row: Row | Mapping[str, Any]) -> Identity:
    """The account in a row of `identities`."""
    return Identity(**{field: row[field] for field in Identity.model_fields})


def person_of(row: Row) -> Person:
    """The person in a row of the `people` query."""
    return Person(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        bot=row["bot"],
        identities=tuple(identity_of(identity) for identity in json.loads(row["identities"] or "[]")),
        teams=tuple(sorted(row["teams"] or ())),
        terms=Terms.model_validate_json(row["terms"]),
    )
