"""What all of GitHub's deliveries have in common: an event, an action, a repository, and people.

Shapes: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from adapters.sources.deliveries.fields import Fields
from domain.events import Actor, Body, Event, Source

_FULL_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_GHOST: Final = "10137"
"""The account that GitHub shows in place of deleted ones."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One delivery about a repository, opened.

    Shape:
        action: what happened, where the event has an action; otherwise empty.
        body: the whole payload.
        repository: its full name, `acme/api`.
        received_at: when it reached us, for what carries no time of its own.
    """

    action: str
    body: Fields
    repository: str
    received_at: datetime

    @property
    def sender(self) -> Actor | None:
        """Who caused the delivery."""
        return account(self.body.maybe_child("sender"))

    def event(self, name: str, at: datetime, entity: str, body: Body, actor: Actor | None = None) -> Event:
        """Something that happened in this repository; `name` is what it is known by in there."""
        return Event(
            id=f"github:{self.repository}:{name}",
            source=Source.GITHUB,
            occurred_at=at,
            entity=entity,
            project=f"github:{self.repository}",
            actor=actor,
            body=body,
        )


def full_name(body: Fields) -> str:
    """The full name of the repository that a payload is about.

    Raises:
        InvalidInput: it is about none.
    """
    repository = body.child("repository")
    name = repository.name("full_name")
    if not _FULL_NAME.fullmatch(name):
        raise repository.unexpected("full_name", "a name such as owner/repository", "another text")
    return name


def account(user: Fields | None) -> Actor | None:
    """Somebody's account; None for one that no longer exists."""
    if user is None or (external_id := user.identifier("id")) == _GHOST:
        return None
    return _actor(external_id, user.maybe_text("login"), bot=user.maybe_text("type") == "Bot")


@lru_cache(maxsize=5_000)  # the same few hundred people do everything
def _actor(external_id: str, username: str | None, *, bot: bool) -> Actor:
    return Actor(source=Source.GITHUB, external_id=external_id, username=username, bot=bot)
