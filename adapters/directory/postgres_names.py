"""Names by parts of which people, teams and projects are found."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from adapters.postgres.database import Connection, load_queries
from domain.lookup import trigrams

_SQL: Final = load_queries("adapters.directory", "postgres.sql")


async def put_names(connection: Connection, org: str, kind: str, names: Mapping[str, Iterable[str]]) -> None:
    """Make things findable by parts of their names."""
    by_id: dict[str, set[str]] = defaultdict(set)
    for id_, texts in names.items():
        by_id[id_].update(texts)
    rows = [(id_, name, " ".join(sorted(trigrams(name)))) for id_, texts in by_id.items() for name in sorted(texts)]
    if rows:
        await connection.execute(_SQL["put_names"], org, kind, *map(list, zip(*rows, strict=True)))
