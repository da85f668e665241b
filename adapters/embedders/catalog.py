"""Which embedder `ENGINTEL_EMBEDDER` means. A client is imported once it is asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from adapters.embedders.cached import CachedEmbedder
from adapters.embedders.lexical import LexicalEmbedder
from adapters.embedders.models import DEFAULT_MODEL, DIMENSIONS, may_be_shorter
from adapters.postgres.database import Database
from domain.errors import Misconfigured
from domain.ports import Embedder

VARIABLE: Final = "ENGINTEL_EMBEDDER"
_EXPECTED: Final = (
    "expected lexical, openai, openai:MODEL or openai:MODEL@LENGTH, such as openai:text-embedding-3-small@512"
)
_LONGEST: Final = 20_000
"""Numbers of the longest vector that anything takes."""


@asynccontextmanager
async def open_embedder(
    setting: str | None, database: Database, org: str, *, api_key: str | None, base_url: str | None
) -> AsyncIterator[Embedder]:
    """The embedder that `setting` names; nothing is asked yet.

    Without a setting it is the lexical one, whatever keys there are: a key in somebody's shell must not begin to spend.

    Args:
        setting: as it was set; None if it was not.
        database: where vectors that were paid for are kept.
        org: whose texts they are of.
        api_key: of OpenAI.
        base_url: of another server that speaks as OpenAI does.

    Raises:
        Misconfigured: there is no such embedder, or something that it needs is not set.
    """
    kind, _, rest = (setting or "lexical").partition(":")
    if kind == "lexical" and not rest:
        yield LexicalEmbedder()
        return
    if kind != "openai":
        raise Misconfigured(f"{VARIABLE} is {setting!r}: {_EXPECTED}.")
    if not api_key and not base_url:
        raise Misconfigured(
            f"{VARIABLE} asks for OpenAI, and OPENAI_API_KEY is not set: give it a key, or OPENAI_BASE_URL the address "
            "of a server that needs none."
        )
    from adapters.embedders.openai import OpenAIEmbedder  # noqa: PLC0415 - half a second, for those who use it

    model, dimension = _model(rest or DEFAULT_MODEL)
    embedder = OpenAIEmbedder(api_key, base_url, model=model, dimension=dimension)
    try:
        yield CachedEmbedder(database, org, embedder)
    finally:
        await embedder.close()


def _model(wanted: str) -> tuple[str, int]:
    """A model and the length of its vectors."""
    model, separator, length = wanted.rpartition("@")
    if not separator:
        if wanted not in DIMENSIONS:
            raise Misconfigured(
                f"{VARIABLE} names {wanted!r}, whose vectors may have any length: say which, openai:{wanted}@LENGTH."
            )
        return wanted, DIMENSIONS[wanted]
    if not (model and length.isascii() and length.isdecimal() and 1 <= int(length) <= _LONGEST):
        raise Misconfigured(f"{VARIABLE} is 'openai:{wanted}': {_EXPECTED}.")
    longest = DIMENSIONS.get(model)
    if longest is not None and (int(length) > longest or (int(length) < longest and not may_be_shorter(model))):
        raise Misconfigured(f"{VARIABLE} asks for vectors of {length} numbers, and {model} makes {longest}.")
    return model, int(length)
