"""Which engine the scheme of a URL means. A driver is imported once its engine is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from adapters.address import wrong
from domain.errors import Misconfigured


@dataclass(frozen=True)
class Engine:
    """What fills a role.

    Shape:
        opens: `module:function`, which takes the URL first.
        driver: the package that it needs.
        extra: what brings the driver, if it is not installed with the program.
    """

    opens: str
    driver: str
    extra: str | None = None


DIRECTORY: Mapping[str, Engine] = {
    "rds-data": Engine("adapters.directory.data_api:open_data_api", "boto3", "aws"),
}
EVENTS: Mapping[str, Engine] = {
    "clickhouse": Engine("adapters.events.clickhouse:open_clickhouse", "clickhouse_connect"),
    "clickhouses": Engine("adapters.events.clickhouse:open_clickhouse", "clickhouse_connect"),
    "chdb": Engine("adapters.events.clickhouse:open_chdb", "chdb", "chdb"),
}
GRAPH: Mapping[str, Engine] = dict.fromkeys(
    ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"), Engine("adapters.graph.neo4j:open_neo4j", "neo4j")
)
VECTORS: Mapping[str, Engine] = {"pinecone": Engine("adapters.vectors.pinecone:open_pinecone", "pinecone")}
"""By scheme, what may fill a role in PostgreSQL's place."""


def opener(variable: str, url: str, engines: Mapping[str, Engine]) -> Callable[..., Any]:
    """What opens the engine that `url` names.

    Args:
        variable: the setting that holds the URL.
        url: as it was set.
        engines: those that there are, by scheme.

    Raises:
        Misconfigured: there is no such engine, or its driver is not installed.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in engines:
        raise wrong(variable, f"expected it to begin with {', '.join(f'{name}://' for name in engines)}")
    engine = engines[scheme]
    if find_spec(engine.driver) is None:
        raise Misconfigured(
            f"{variable} asks for {scheme}, whose driver is not installed: "
            f"pip install 'engintel{f'[{engine.extra}]' if engine.extra else ''}'."
        )
    module, _, function = engine.opens.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found
