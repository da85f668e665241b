"""What an event store keeps of an event, whatever engine it is in: so that all of them give the same answers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from domain.events import Commit, Event, Issue, PullRequest, encode
from domain.skills import skill_of

COMMON: Final = 2_000
"""A word in this many events or more is not looked for, unless the text has no rarer one; and then only in so many of
its latest, and those of the same moment as the last of them."""
_BACK_OFF_FOLDERS: Final = 2
_REMEMBERED: Final = 12_000
"""Decoded events that are kept, about 4 KB each."""
_WORDS_KEPT: Final = 600
"""Characters of a message that can be found."""


def kept(event: Event) -> str:
    """`event` as it is kept: a commit without its files, which have rows of their own."""
    if isinstance(event.body, Commit) and event.body.files:
        event = event.model_copy(update={"body": event.body.model_copy(update={"files": ()})})
    return encode(event).decode()


def searchable(event: Event) -> tuple[str | None, str]:
    """What an event is called, and the words it can be found by; only one event of a thing's life has any.

    What nobody did says nothing about anybody.
    """
    body = event.body
    if event.actor is None:
        return None, ""
    if isinstance(body, Commit) and not body.merge:
        return body.title, f"{body.title}\n{body.message}"[:_WORDS_KEPT]
    if isinstance(body, PullRequest) and body.type in {"pr_opened", "pr_merged"}:
        return body.title, f"{body.title}\n{body.text}"[:_WORDS_KEPT]
    if isinstance(body, Issue) and body.category == "done":
        return body.title, f"{body.title}\n{body.text}"[:_WORDS_KEPT]
    return None, ""


def touched(event: Event) -> Iterator[tuple[str, str, str, str | None]]:
    """Account, project, path and skill: a row for every file and every author of a commit."""
    body = event.body
    if isinstance(body, Commit) and event.actor and event.project:
        accounts = dict.fromkeys((event.actor.key, *(author.key for author in body.co_authors)))
        for path in dict.fromkeys(file.path for file in body.files):
            skill = skill_of(path)
            for account in accounts:
                yield account, event.project, path, skill


def near(path: str) -> tuple[str, list[str]]:
    """What `path` is called in a store, and the folders in which a file counts as near it; it may be one itself."""
    clean = PurePosixPath(path.strip().strip("/"))
    beside = [str(folder) for folder in list(clean.parents)[:_BACK_OFF_FOLDERS] if folder.name]
    return str(clean), [str(clean), *beside]


class Lately:
    """Events that were read a while ago: an event never changes, and decoding it is most of the work of reading it."""

    def __init__(self) -> None:
        self._events: dict[str, Event] = {}

    def known(self, ids: Sequence[str]) -> dict[str, Event]:
        """By id, those that are remembered."""
        return {id_: self._events[id_] for id_ in ids if id_ in self._events}

    def keep(self, ids: Sequence[str], events: Mapping[str, Event]) -> None:
        """Remember what was read just now, and of what was read before as much as there is room for."""
        for id_ in ids:
            self._events.pop(id_, None)
            if id_ in events:
                self._events[id_] = events[id_]
        while len(self._events) > _REMEMBERED:
            del self._events[next(iter(self._events))]
