"""Which sources there are to poll, by the settings. Their clients are imported only when a source is really made."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from domain.errors import Misconfigured
from domain.ports import PolledSource
from domain.text import line
from server.polling import Turn
from server.settings import Settings

EVERY: Final[Mapping[str, int]] = {"github": 300, "jira": 120, "notion": 300, "prometheus": 60}
"""Seconds from one poll to the next, unless `ENGINTEL_POLL_SECONDS` says otherwise."""
SHORTEST: Final = 5
_NAMED: Final = {
    "github": re.compile(r"[\w.-]+/[\w.-]+", re.ASCII),
    "jira": re.compile(r"[A-Za-z][A-Za-z0-9_]*"),
}
"""What the name of a source has to look like, where one is needed."""
_EXAMPLES: Final = {"github": "github:owner/name", "jira": "jira:PAY", "notion": "notion", "prometheus": "prometheus"}


def polled_sources(settings: Settings, now: Callable[[], datetime]) -> list[Turn]:
    """Every source that `ENGINTEL_POLL` names, and how often it is asked.

    Raises:
        Misconfigured: it names something else, or a source whose settings are missing.
    """
    every = poll_intervals(settings)
    turns = []
    for kind, name in poll_names(settings):
        turns.append(Turn(source_of(settings, kind, name, now), timedelta(seconds=every[kind])))
    return turns


def poll_names(settings: Settings) -> list[tuple[str, str]]:
    """The kind and the name of every source that `ENGINTEL_POLL` names, each once."""
    found: dict[tuple[str, str], None] = {}
    for word in re.split(r"[\s,]+", settings.poll or ""):
        if not word:
            continue
        kind, _, name = word.partition(":")
        pattern = _NAMED.get(kind)
        if kind not in EVERY or (bool(name) if pattern is None else not pattern.fullmatch(name)):
            expected = ", ".join(_EXAMPLES.values())
            raise Misconfigured(f"ENGINTEL_POLL names {line(word, 80)!r}: expected any of {expected}.")
        found[kind, name] = None
    return list(found)


def poll_intervals(settings: Settings) -> dict[str, int]:
    """Seconds between two polls, for each kind of source."""
    every = dict(EVERY)
    for word in re.split(r"[\s,]+", settings.poll_seconds or ""):
        kind, _, seconds = word.partition("=")
        if not word:
            continue
        if kind not in every or not seconds.isdecimal() or not SHORTEST <= int(seconds) <= 7 * 86_400:
            raise Misconfigured(
                f"ENGINTEL_POLL_SECONDS says {line(word, 80)!r}: expected {SHORTEST} seconds to a week for any of "
                f"{', '.join(EVERY)}, such as github=300."
            )
        every[kind] = int(seconds)
    return every


def source_of(
    settings: Settings, kind: str, name: str, now: Callable[[], datetime], start: datetime | None = None
) -> PolledSource:
    """One source.

    Args:
        settings: where it is, and who we are there.
        kind: a key of `EVERY`.
        name: the repository or the project; empty for a source that has none.
        now: tells the time.
        start: the first time, nothing is read that ended before this.

    Raises:
        Misconfigured: its settings are missing or will not do, or it can have no such name.
    """
    pattern = _NAMED.get(kind)
    if pattern is not None and not pattern.fullmatch(name):
        raise Misconfigured(f"{line(name, 80)!r} names nothing on {kind}: expected a name as in {_EXAMPLES[kind]}.")
    return _MAKERS[kind](settings, name, now, start)


async def account_of(settings: Settings, kind: str) -> str:
    """Who we are at a source of which no repository or project is named, in a few words.

    Raises:
        EngintelError: it does not answer, or does not know us.
    """
    if kind == "github":
        from adapters.sources.github.client import GitHubClient  # noqa: PLC0415 - its client is slow to import

        github = GitHubClient(settings.github_token, settings.github_url)
        try:
            core = ((await github.one("/rate_limit")).get("resources") or {}).get("core") or {}
        finally:
            github.close()
        return f"a token with {core.get('remaining')} of {core.get('limit')} requests left this hour"
    if kind == "jira":
        from adapters.sources.jira.client import JiraReader  # noqa: PLC0415 - as above

        jira = JiraReader(settings.jira_url or "", settings.jira_token or "", settings.jira_user)
        try:
            return line(str((await jira.myself()).get("displayName") or "an account"))
        finally:
            jira.close()
    source = source_of(settings, kind, "", settings.clock)
    try:
        return line(await source.check())
    finally:
        await source.close()


def _github(settings: Settings, name: str, _now: Callable[[], datetime], start: datetime | None) -> PolledSource:
    from adapters.sources.github import GitHubRepository  # noqa: PLC0415 - its client is slow to import
    from adapters.sources.github.client import GitHubClient  # noqa: PLC0415 - as above

    return GitHubRepository(GitHubClient(settings.github_token, settings.github_url), name, start=start)


def _jira(settings: Settings, name: str, _now: Callable[[], datetime], start: datetime | None) -> PolledSource:
    if not settings.jira_url or not settings.jira_token:
        raise Misconfigured("Jira cannot be read: set ENGINTEL_JIRA_URL and ENGINTEL_JIRA_TOKEN.")
    from adapters.sources.jira import JiraProject  # noqa: PLC0415 - its client is slow to import
    from adapters.sources.jira.client import JiraReader  # noqa: PLC0415 - as above

    return JiraProject(JiraReader(settings.jira_url, settings.jira_token, settings.jira_user), name, start=start)


def _notion(settings: Settings, _name: str, now: Callable[[], datetime], start: datetime | None) -> PolledSource:
    if not settings.notion_token:
        raise Misconfigured("Notion cannot be read: set ENGINTEL_NOTION_TOKEN.")
    from adapters.sources.notion import NotionClient, NotionWorkspace  # noqa: PLC0415 - as above

    return NotionWorkspace(NotionClient(settings.notion_token, settings.notion_url), now, start=start)


def _prometheus(settings: Settings, _name: str, now: Callable[[], datetime], start: datetime | None) -> PolledSource:
    if not settings.prometheus_url or not settings.prometheus_queries:
        raise Misconfigured(
            "Prometheus cannot be read: set ENGINTEL_PROMETHEUS_URL, and ENGINTEL_PROMETHEUS_QUERIES to a YAML file "
            "that lists what to ask."
        )
    from adapters.sources.prometheus import PrometheusServer, read_queries  # noqa: PLC0415 - as above

    queries = read_queries(Path(settings.prometheus_queries).expanduser())
    return PrometheusServer(settings.prometheus_url, queries, now, token=settings.prometheus_token, start=start)


_MAKERS: Final[Mapping[str, Callable[[Settings, str, Callable[[], datetime], datetime | None], PolledSource]]] = {
    "github": _github,
    "jira": _jira,
    "notion": _notion,
    "prometheus": _prometheus,
}
