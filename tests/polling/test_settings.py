"""What is polled, and how often, as settings say it."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Misconfigured
from server.settings import Settings, load_settings
from server.sources import poll_intervals, poll_names, polled_sources, source_of

NOW = datetime(2026, 9, 1, tzinfo=UTC)


def test_every_kind_of_source_is_named_in_one_list() -> None:
    settings = Settings(poll="github:acme/api, jira:PAY notion,prometheus,\n github:acme/api")
    assert poll_names(settings) == [("github", "acme/api"), ("jira", "PAY"), ("notion", ""), ("prometheus", "")]
    assert poll_names(Settings()) == []


@pytest.mark.parametrize(
    "poll", ["gitlab:x/y", "github", "github:acme", "jira", "jira:PAY-1", "notion:all", "github:a/b/c"]
)
def test_a_name_that_is_none_is_refused(poll: str) -> None:
    with pytest.raises(Misconfigured, match="ENGINTEL_POLL names"):
        poll_names(Settings(poll=poll))


def test_how_often_has_defaults() -> None:
    settings = Settings(poll="github:acme/api", poll_seconds="github=60", github_url="http://127.0.0.1:9")
    assert poll_intervals(settings) == {"github": 60, "jira": 120, "notion": 300, "prometheus": 60}
    [turn] = polled_sources(settings, lambda: NOW)
    assert (turn.source.name, turn.every) == ("github:acme/api", timedelta(seconds=60))


@pytest.mark.parametrize("text", ["github", "github=", "github=1", "github=-60", "gitlab=60", "github=99999999", "60"])
def test_an_interval_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="ENGINTEL_POLL_SECONDS says"):
        poll_intervals(Settings(poll_seconds=text))


@pytest.mark.parametrize(("kind", "name"), [("jira", "PAY"), ("notion", ""), ("prometheus", "")])
def test_a_source_without_its_settings_says_which_are_missing(kind: str, name: str) -> None:
    with pytest.raises(Misconfigured, match=f"ENGINTEL_{kind.upper()}_"):
        source_of(Settings(), kind, name, lambda: NOW)


def test_tokens_are_never_shown() -> None:
    settings = load_settings({f"ENGINTEL_{kind}_TOKEN": "hush" for kind in ("GITHUB", "NOTION", "PROMETHEUS")})
    assert settings.github_token == "hush"
    assert "hush" not in repr(settings)
