"""TOML that somebody else wrote, read without giving them the processor."""

import tomllib
from typing import Any, Final

from adapters.sources.git.manifests.declared import BadManifest

_DOTS_A_LINE: Final = 100
"""A key may have any number of dotted parts, and reading one takes time with their square: 40,000 take 20 s."""


def read_toml(text: str) -> dict[str, Any]:
    """The tables of `text`.

    Raises:
        BadManifest: it is no TOML, or more than is good for anybody.
    """
    if any(row.count(".") > _DOTS_A_LINE for row in text.split("\n") if not row.lstrip().startswith("#")):
        raise BadManifest(f"has more than {_DOTS_A_LINE} dots in a line")
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError, OverflowError) as error:
        raise BadManifest("is not valid TOML") from error


def table(tables: object, *path: str) -> dict[str, Any]:
    """The table at `path`; empty if there is none, or something else."""
    for name in path:
        tables = tables.get(name) if isinstance(tables, dict) else None
    return tables if isinstance(tables, dict) else {}


def array(value: object) -> list[Any]:
    """`value` if it is an array, else an empty one."""
    return value if isinstance(value, list) else []
