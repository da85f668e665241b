"""Who works here: accounts, the people behind them, the teams they are in."""

import hashlib
from collections.abc import Iterable
from typing import Final

from domain.events.actors import Source
from domain.frozen import Frozen, Utc
from domain.text import slug


class Identity(Frozen):
    """One account in one source, with what the source last said of it."""

    source: Source
    external_id: str
    username: str | None = None
    name: str | None = None
    email: str | None = None
    bot: bool = False

    @property
    def key(self) -> str:
        """What events know this account by."""
        return f"{self.source.value}:{self.external_id}"


class Terms(Frozen):
    """What a roster says about somebody, beyond their accounts."""

    name: str | None = None
    email: str | None = None
    role: str | None = None
    allocation: float | None = None
    away_until: Utc | None = None


class Person(Frozen):
    """Somebody, or a bot, and every account that is theirs."""

    id: str
    name: str
    email: str | None = None
    bot: bool = False
    identities: tuple[Identity, ...]
    teams: tuple[str, ...] = ()
    terms: Terms = Terms()

    @property
    def keys(self) -> tuple[str, ...]:
        """The account keys of this person, as events carry them."""
        return tuple(identity.key for identity in self.identities)

    @property
    def label(self) -> str:
        """How errors and lists name them: `Ada Lovelace (ada-lovelace-k3v7qd)`."""
        return f"{self.name} ({self.id})"


class Team(Frozen):
    """A team and the ids of the people in it."""

    id: str
    name: str
    members: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How errors and lists name it: `Payments (payments)`."""
        return f"{self.name} ({self.id})"


_ALPHABET: Final = "abcdefghjkmnpqrstvwxyz23456789"
SUFFIX_LENGTH: Final = 6


def id_suffix(account_key: str) -> str:
    """Six letters and digits that stand for an account in the ids of people.

    A person's id ends in the suffix of one of their accounts, so an id given out earlier still finds whoever owns
    that account now, through any merge, split or change of name.
    """
    number = int.from_bytes(hashlib.sha256(account_key.encode()).digest()[:8])
    letters = []
    for _ in range(SUFFIX_LENGTH):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "".join(letters)


def person_id(name: str, account_keys: Iterable[str]) -> str:
    """A readable id that does not depend on the order in which accounts became known."""
    return "-".join(part for part in (slug(name)[:40].strip("-"), id_suffix(min(account_keys))) if part)
