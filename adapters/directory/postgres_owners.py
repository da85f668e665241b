"""Who is behind accounts: worked out anew for those whose evidence changed and for all that they are tied to.

To work it out for everybody whenever somebody comes would cost more with every account there is.
"""

from collections.abc import Collection, Mapping
from typing import Final

from adapters.directory.postgres_names import put_names
from adapters.postgres.database import Connection, Row, load_queries
from domain.identity import Decision, Evidence, resolve_people
from domain.people import Identity, Person, Terms
from domain.text import slug

_SQL: Final = load_queries("adapters.directory", "postgres.sql")


async def sign(connection: Connection, org: str, signs: Mapping[str, Collection[str]]) -> set[str]:
    """Write down by what each account can be joined with others; gives those, and all that could so far."""
    rows = await connection.fetch(_SQL["drop_signs"], org, list(signs))
    pairs = [(sign, key) for key in sorted(signs) for sign in sorted(signs[key])]
    if pairs:
        await connection.execute(_SQL["put_signs"], org, *map(list, zip(*pairs, strict=True)))
    lost = {row["sign"] for row in rows} - {sign for sign, _ in pairs}
    left = await connection.fetch(_SQL["signed"], org, list(lost)) if lost else []
    return signs.keys() | {row["key"] for row in left}


async def resolve(connection: Connection, org: str, changed: Collection[str]) -> None:
    """Work out who is behind accounts of which something `changed`, and write what differs from before."""
    keys = await _tied(connection, org, changed)
    identities = await connection.fetch(_SQL["identities_of"], org, keys)
    links = await connection.fetch(_SQL["links_of"], org, keys)
    decisions = await connection.fetch(_SQL["decisions_of"], org, keys)
    terms = await connection.fetch(_SQL["terms_of"], org, keys)
    evidence = Evidence(
        links=tuple((row["left_key"], row["right_key"]) for row in links),
        decisions=tuple(Decision(**row) for row in decisions),
        terms={row["key"]: Terms.model_validate_json(row["terms"]) for row in terms},
    )
    people = {person.id: person for person in resolve_people([identity_of(row) for row in identities], evidence)}
    owners = {row["key"]: row["person_id"] for row in identities}
    rows = await connection.fetch(_SQL["people_before"], org, sorted({owner for owner in owners.values() if owner}))
    before = {row["id"]: _summary_of_row(row) for row in rows}
    new_owners = {key: person.id for person in people.values() for key in person.keys}
    moved = {key: owner for key, owner in new_owners.items() if owners[key] != owner}
    touched = {moved[key] for key in moved} | {owners[key] for key in moved}
    # Whoever has another account now, or one of which something else is said, is found by other names.
    renamed = {new_owners[key] for key in changed if key in new_owners}
    written = [p for p in people.values() if before.get(p.id) != _summary(p) or p.id in touched | renamed]
    gone = list(before.keys() - people.keys())
    await connection.execute(_SQL["drop_people"], org, gone)
    await connection.execute(_SQL["drop_names"], org, "person", [*gone, *(person.id for person in written)])
    if written:
        columns = [list(column) for column in zip(*map(_summary, written), strict=True)]
        slugs = [slug(person.name) for person in written]
        await connection.execute(_SQL["put_people"], org, [person.id for person in written], slugs, *columns)
        await put_names(connection, org, "person", {person.id: _names(person) for person in written})
    if moved:
        await connection.execute(_SQL["assign_identities"], org, list(moved), list(moved.values()))


async def _tied(connection: Connection, org: str, keys: Collection[str]) -> list[str]:
    """These accounts and all that any evidence ties to them, directly or through others."""
    found, new = set(keys), set(keys)
    while new:
        rows = await connection.fetch(_SQL["tied"], org, sorted(new))
        new = {row["key"] for row in rows} - found
        found |= new
    return sorted(found)


def identity_of(row: Row) -> Identity:
    """The account in a row of `identities`."""
    return Identity(**{field: row[field] for field in Identity.model_fields})


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
