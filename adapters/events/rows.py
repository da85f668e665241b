"""What an event store keeps of an event, whatever engine it is in: so that all of them give the same answers."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from domain.events import Commit, Event, Issue, PullRequest, encode
from domain.ports import Groups, Touch
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


def rings(paths: Collection[str]) -> Sequence[Sequence[str]]:
    """The places at or below which a file is near to `paths`, in ever wider rings: themselves, and the folders around.

    >>> rings(["src/pay/retry.py"])
    [['src/pay/retry.py'], ['src/pay'], ['src']]
    """
    ways = [_outwards(PurePosixPath(path.strip().strip("/"))) for path in paths]
    return [sorted({way[min(n, len(way) - 1)] for way in ways}) for n in range(max(map(len, ways), default=0))]


def _outwards(path: PurePosixPath) -> Sequence[str]:
    return [str(path), *(str(folder) for folder in list(path.parents)[:_BACK_OFF_FOLDERS] if folder.name)]


async def nearest_first(
    paths: Collection[str],
    projects: Groups | None,
    limit: int,
    ask: Callable[[Sequence[str], Groups | None], Awaitable[Sequence[Touch]]],
) -> Sequence[Touch]:
    """At most `limit` touches: those of an inner ring first, and of the next only as many as there is room for.

    Args:
        paths: what the rings are around.
        projects: where; none for everywhere.
        limit: how many.
        ask: gives the weightiest `limit` at or below any of some places, in some projects.
    """
    found: list[Touch] = []
    for n, places in enumerate(rings(paths)):
        if n == 1 and (there := {touch.project for touch in found}):
            known = projects if projects is not None else {project: project for project in there}
            projects = {key: counts_as for key, counts_as in known.items() if counts_as in there}
        inner = {touch.path for touch in found}
        found += [touch for touch in await ask(places, projects) if touch.path not in inner]
        if len(found) >= limit:
            break
    return found[:limit]


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
