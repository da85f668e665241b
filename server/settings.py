"""What the environment asks for, read once. Secrets stay out of every message, log and representation."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.secrets.aws import SCHEME, place_of, read_secret, value_in
from domain.actions import WritePolicy
from domain.errors import Misconfigured
from domain.frozen import as_utc
from domain.routing import Store


def _setting(variable: str, purpose: str, *, secret: bool = False, address: bool = False) -> Any:  # noqa: ANN401 - a dataclass field
    about = {"variable": variable, "purpose": purpose, "secret": secret, "address": address}
    return field(default=None, repr=not secret, metadata=about)


@dataclass(frozen=True)
class Settings:
    """Every setting, under the name of its variable in lower case and without the prefix; None where unset."""

    home: str | None = _setting("ENGINTEL_HOME", "folder of the embedded database (the platform's user data folder)")
    org: str | None = _setting("ENGINTEL_ORG", "organisation whose picture this is (`default`)")
    database_url: str | None = _setting(
        "ENGINTEL_DATABASE_URL", "PostgreSQL to use in place of the embedded one", secret=True
    )
    directory_url: str | None = _setting(
        "ENGINTEL_DIRECTORY_URL", "engine of the directory in PostgreSQL's place: `rds-data://…`", secret=True
    )
    events_url: str | None = _setting("ENGINTEL_EVENTS_URL", "engine of the events in PostgreSQL's place", secret=True)
    vectors_url: str | None = _setting(
        "ENGINTEL_VECTORS_URL", "engine of the vectors in PostgreSQL's place: `pinecone://INDEX?host=…`", secret=True
    )
    graph_url: str | None = _setting(
        "ENGINTEL_GRAPH_URL", "graph in Neo4j in PostgreSQL's place: `neo4j://…`, `neo4j+s://…`", secret=True
    )
    pinecone_api_key: str | None = _setting("PINECONE_API_KEY", "key of Pinecone", secret=True)
    embedder: str | None = _setting(
        "ENGINTEL_EMBEDDER", "what turns texts into vectors: `openai`, `openai:MODEL`, `openai:MODEL@512` (`lexical`)"
    )
    log_url: str | None = _setting(
        "ENGINTEL_LOG_URL", "stream before the log: `kafka://…`, `sqs://…` or `kinesis://…`", secret=True
    )
    writes: str | None = _setting(
        "ENGINTEL_WRITES", "`off`, `on`, or allowed targets such as `jira:PAY-*, slack:#payments` (`off`)"
    )
    automations: str | None = _setting(
        "ENGINTEL_AUTOMATIONS",
        "file of rules (`automations.yaml` in the home, else the shipped ones)",
    )
    http_token: str | None = _setting(
        "ENGINTEL_HTTP_TOKEN", "bearer token; without one HTTP starts on loopback only", secret=True
    )
    allowed_hosts: str | None = _setting(
        "ENGINTEL_ALLOWED_HOSTS", "Host headers that HTTP answers to, besides loopback"
    )
    github_webhook_secret: str | None = _setting(
        "ENGINTEL_GITHUB_WEBHOOK_SECRET", "what GitHub signs its webhooks with", secret=True
    )
    jira_webhook_secret: str | None = _setting(
        "ENGINTEL_JIRA_WEBHOOK_SECRET", "what Jira signs its webhooks with", secret=True
    )
    notion_webhook_token: str | None = _setting(
        "ENGINTEL_NOTION_WEBHOOK_TOKEN", "verification token that Notion signs its webhooks with", secret=True
    )
    slack_signing_secret: str | None = _setting(
        "ENGINTEL_SLACK_SIGNING_SECRET", "what Slack signs its events with", secret=True
    )
    alertmanager_token: str | None = _setting(
        "ENGINTEL_ALERTMANAGER_TOKEN", "bearer token, or `user:password`, that Alertmanager sends", secret=True
    )
    github_token: str | None = _setting(
        "ENGINTEL_GITHUB_TOKEN", "token with which GitHub is read (`ingest github`, polling)", secret=True
    )
    github_url: str | None = _setting(
        "ENGINTEL_GITHUB_URL",
        "API of GitHub Enterprise, or a stand-in (`https://api.github.com`)",
        address=True,
    )
    jira_url: str | None = _setting("ENGINTEL_JIRA_URL", "Jira site", address=True)
    jira_user: str | None = _setting("ENGINTEL_JIRA_USER", "mail address of the Jira account (Jira Cloud)")
    jira_token: str | None = _setting("ENGINTEL_JIRA_TOKEN", "API token of the Jira account", secret=True)
    slack_token: str | None = _setting(
        "ENGINTEL_SLACK_TOKEN",
        "Slack bot token with chat:write; to look for what was cut off, also channels:read and channels:history",
        secret=True,
    )
    slack_url: str | None = _setting("ENGINTEL_SLACK_URL", "Slack API address, to point at a stand-in", address=True)
    lag_limit: str | None = _setting(
        "ENGINTEL_LAG_LIMIT", "seconds that a store may be behind before `/readyz` says no (60)"
    )
    deadline: str | None = _setting(
        "ENGINTEL_DEADLINE", "seconds that an answer waits for its stores; what is missing then is said (1.5)"
    )
    notion_token: str | None = _setting(
        "ENGINTEL_NOTION_TOKEN", "token of a Notion integration; it reads what is shared with it", secret=True
    )
    notion_url: str | None = _setting(
        "ENGINTEL_NOTION_URL", "Notion API address, to point at a stand-in (`https://api.notion.com`)", address=True
    )
    prometheus_url: str | None = _setting("ENGINTEL_PROMETHEUS_URL", "Prometheus to ask", address=True)
    prometheus_token: str | None = _setting(
        "ENGINTEL_PROMETHEUS_TOKEN", "bearer token for Prometheus, where it wants one", secret=True
    )
    prometheus_queries: str | None = _setting(
        "ENGINTEL_PROMETHEUS_QUERIES", "YAML file that lists what Prometheus is asked"
    )
    poll: str | None = _setting(
        "ENGINTEL_POLL", "what is polled: any of `github:OWNER/NAME`, `jira:PROJECT`, `notion`, `prometheus` (nothing)"
    )
    poll_seconds: str | None = _setting(
        "ENGINTEL_POLL_SECONDS", "how often (`github=300, jira=120, notion=300, prometheus=60`)"
    )
    now: str | None = _setting("ENGINTEL_NOW", "a moment at which the clock stands still, for tests and evals")
    openai_api_key: str | None = _setting(
        "OPENAI_API_KEY", "key of the embedder, and of the model that plays `engintel eval`", secret=True
    )
    openai_base_url: str | None = _setting("OPENAI_BASE_URL", "address of any OpenAI-compatible API", address=True)

    @property
    def organisation(self) -> str:
        """Whose picture this is."""
        return self.org or "default"

    @property
    def home_folder(self) -> Path:
        """The folder that everything embedded lives in."""
        return Path(self.home).expanduser() if self.home else default_home()

    @property
    def moved(self) -> frozenset[Store]:
        """The roles that an engine of their own fills."""
        return frozenset(Store(role) for role, url in self._engine_urls.items() if url)

    def engine_called(self, part: str) -> str:
        """What is said of the engine of a store while it says nothing itself: its kind, and who names it."""
        url = self._engine_urls.get(part)
        return f"{url.partition(':')[0]} (ENGINTEL_{part.upper()}_URL)" if url else "it"

    @property
    def _engine_urls(self) -> Mapping[str, str | None]:
        return {Store.EVENTS: self.events_url, Store.VECTORS: self.vectors_url, Store.GRAPH: self.graph_url}

    def set_among(self, names: Iterable[str]) -> list[str]:
        """The variables of those of these settings that are set."""
        variables = {setting.name: str(setting.metadata["variable"]) for setting in fields(self)}
        return [variables[name] for name in names if getattr(self, name)]

    @property
    def write_policy(self) -> WritePolicy:
        """What may be written to."""
        return WritePolicy.parse(self.writes or "off")

    @property
    def lag_limit_seconds(self) -> float:
        """How far a store may be behind before this server is not ready."""
        return _seconds("ENGINTEL_LAG_LIMIT", self.lag_limit, 60)

    @property
    def deadline_seconds(self) -> float:
        """How long an answer waits for its stores."""
        return _seconds("ENGINTEL_DEADLINE", self.deadline, 1.5)

    @property
    def clock(self) -> Callable[[], datetime]:
        """What tells the time."""
        if self.now is None:
            return lambda: datetime.now(UTC)
        try:
            moment = as_utc(datetime.fromisoformat(self.now))
        except ValueError as error:
            raise Misconfigured(
                f"ENGINTEL_NOW is {self.now!r}: expected a time such as 2026-11-01T00:00:00Z."
            ) from error
        return lambda: moment


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Any secret may be given as `NAME_FILE`, the path of a file that holds it, or as `aws-sm://SECRET#KEY`, a value in
    AWS Secrets Manager, which is asked once for each of its secrets.

    Raises:
        Misconfigured: such a file or secret cannot be read or holds nothing, the secret is given in both ways, or
            an address is none.
        StoreUnavailable: AWS cannot be reached.
    """
    env = os.environ if environment is None else environment
    values: dict[str, str] = {}
    kept: dict[str, str] = {}
    for setting in fields(Settings):
        variable = setting.metadata["variable"]
        value = env.get(variable, "").strip()
        path = env.get(f"{variable}_FILE", "").strip() if setting.metadata["secret"] else ""
        if value and path:
            raise Misconfigured(f"{variable} and {variable}_FILE are both set: keep one of them.")
        if path:
            value = _read_secret(f"{variable}_FILE", Path(path))
        elif setting.metadata["secret"] and value.startswith(SCHEME):
            value = _fetch_secret(variable, value, kept)
        if value and setting.metadata["address"]:
            _check_address(variable, value)
        if value:
            values[setting.name] = value
    settings = Settings(**values)
    _ = settings.deadline_seconds, settings.lag_limit_seconds  # refused now, and not in the middle of an answer
    return settings


def _seconds(variable: str, value: str | None, default: float) -> float:
    try:
        seconds = float(value or default)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise Misconfigured(f"{variable} is {value!r}: expected seconds, such as {default:g}.")
    return seconds


def _check_address(variable: str, value: str) -> None:
    try:
        there = urlsplit(value)
        well = there.scheme in {"http", "https"} and bool(there.hostname) and there.port != 0
    except ValueError:
        well = False
    if not well:  # the value is not told: people put passwords into addresses
        raise Misconfigured(f"{variable} is not an address: expected http:// or https://, a host, and maybe a path.")


def _read_secret(variable: str, path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{variable} names {str(path)!r}, which cannot be read as text.") from error
    if not secret:  # to go on without it would leave a door open that somebody meant to lock
        raise Misconfigured(f"{variable} names {str(path)!r}, which is empty: expected the secret, as text.")
    return secret


def _fetch_secret(variable: str, value: str, kept: dict[str, str]) -> str:
    """A value in AWS Secrets Manager.

    Args:
        variable: the setting that names it.
        value: where it is, as `aws-sm://SECRET#KEY`.
        kept: secrets that were fetched already.
    """
    try:
        place = place_of(value)
    except ValueError as error:
        raise Misconfigured(f"{variable} begins with {SCHEME} and names no secret: {error}.") from None
    if place.secret not in kept:
        kept[place.secret] = read_secret(variable, place.secret)
    return value_in(variable, place, kept[place.secret])


_APPLICATION: Final = "engintel"


def default_home() -> Path:
    """The platform's folder for data of a user's programs."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / _APPLICATION
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / _APPLICATION
