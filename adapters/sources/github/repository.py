"""A GitHub repository as a source: what is read of it, in which order."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from adapters.sources.deliveries.fields import Fields
from adapters.sources.deliveries.github_envelope import full_name
from adapters.sources.github.client import GitHubClient
from adapters.sources.github.code import commits
from adapters.sources.github.comments import code_comments, comments
from adapters.sources.github.missed import missed_deliveries
from adapters.sources.github.shipping import deployments, releases, workflow_runs
from adapters.sources.github.states import states
from adapters.sources.github.work import Reading, work
from adapters.sources.patience import Refused
from domain.errors import InvalidInput, SourceUnusable
from domain.ports.polls import Portion

_PARTS: Final = {
    "work": work,
    "states": states,
    "comments": comments,
    "code_comments": code_comments,
    "commits": commits,
    "deployments": deployments,
    "runs": workflow_runs,
    "releases": releases,
    "deliveries": missed_deliveries,
}
"""What is read, in this order: what most answers stand on comes first."""


class GitHubRepository:
    """One repository; see `domain.ports.PolledSource`."""

    def __init__(self, client: GitHubClient, repository: str, *, start: datetime | None = None) -> None:
        """Name the repository; nothing is asked.

        Args:
            client: asks GitHub.
            repository: `owner/name`.
            start: nothing that ended before this is read the first time.
        """
        self.name = f"github:{repository}"
        self._client = client
        self._repository = repository
        self._start = start

    async def check(self) -> str:
        """What GitHub calls the repository, once it has shown it to us."""
        return str((await self._look())["full_name"])

    async def _look(self) -> dict[str, Any]:
        """What GitHub says of the repository.

        Its present name is used from here on: GitHub redirects from an old one, and the client package drops a query
        on the way.
        """
        shown = await self._client.one(f"/repos/{self._repository}")
        try:
            full_name(Fields({"repository": shown}, "what GitHub says of a repository"))
        except InvalidInput as error:
            raise SourceUnusable(f"What answers for {self._repository} is not GitHub: {error}") from error
        return shown

    def listings(self) -> "Sequence[_Part]":
        """Every kind of thing that is read of a repository."""
        return [_Part(self, name) for name in _PARTS]

    async def read(self, part: str, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
        """What is new of one kind of thing since `cursor`."""
        shown = await self._look()
        reading = Reading(self._client, shown, self._start)
        try:
            async for portion in _PARTS[part](reading, cursor):
                yield portion
        except Refused as error:
            # Issues may be switched off, and a token may be good for some of it: that costs this part alone.
            if not error.not_for_us:
                raise
            yield Portion((), cursor or {}, notes=[f"{part} were not read: {error}"])

    async def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


class _Part:
    """One kind of thing that is read of a repository; see `domain.ports.Listing`."""

    def __init__(self, repository: GitHubRepository, part: str) -> None:
        self.name = f"{repository.name}#{part}"
        self._repository = repository
        self._part = part

    def read(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
        """What is new since `cursor`."""
        return self._repository.read(self._part, cursor)
