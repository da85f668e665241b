"""What the environment asks for: under the promised names, told clearly where it is wrong, and secrets kept."""

import logging
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.database import Database
from domain.errors import Misconfigured
from server.bootstrap import open_engine
from server.cli.logs import log_to
from server.settings import Settings, default_home, load_settings
from tests.acceptance.program import run

PROMISED = {
    "ENGINTEL_HOME", "ENGINTEL_ORG", "ENGINTEL_DATABASE_URL", "ENGINTEL_EVENTS_URL", "ENGINTEL_VECTORS_URL",
    "ENGINTEL_GRAPH_URL", "ENGINTEL_LOG_URL", "ENGINTEL_WRITES", "ENGINTEL_AUTOMATIONS", "ENGINTEL_HTTP_TOKEN",
    "ENGINTEL_ALLOWED_HOSTS",
    "ENGINTEL_GITHUB_WEBHOOK_SECRET", "ENGINTEL_JIRA_WEBHOOK_SECRET", "ENGINTEL_NOTION_WEBHOOK_TOKEN",
    "ENGINTEL_GITHUB_TOKEN", "ENGINTEL_GITHUB_URL", "ENGINTEL_JIRA_URL", "ENGINTEL_JIRA_USER", "ENGINTEL_JIRA_TOKEN",
    "ENGINTEL_SLACK_TOKEN", "ENGINTEL_SLACK_URL", "ENGINTEL_NOTION_TOKEN", "ENGINTEL_PROMETHEUS_URL",
    "ENGINTEL_LAG_LIMIT", "OPENAI_API_KEY", "OPENAI_BASE_URL",
}  # fmt: skip
"""The names that operators write into their deployments. One that is here and not yet read is on its way."""
OWN = {
    "ENGINTEL_NOW", "ENGINTEL_LAG_LIMIT", "ENGINTEL_SLACK_SIGNING_SECRET", "ENGINTEL_ALERTMANAGER_TOKEN",
    "ENGINTEL_NOTION_URL", "ENGINTEL_PROMETHEUS_TOKEN", "ENGINTEL_PROMETHEUS_QUERIES", "ENGINTEL_POLL",
    "ENGINTEL_POLL_SECONDS", "ENGINTEL_AUTOMATIONS", "ENGINTEL_EMBEDDER", "PINECONE_API_KEY",
    "ENGINTEL_DIRECTORY_URL",
    "ENGINTEL_DEADLINE",
}  # fmt: skip
"""Those that came after the promise, and one for tests and evals."""
READ = {
    "ENGINTEL_HOME", "ENGINTEL_ORG", "ENGINTEL_DATABASE_URL", "ENGINTEL_WRITES", "ENGINTEL_HTTP_TOKEN",
    "ENGINTEL_ALLOWED_HOSTS", "ENGINTEL_JIRA_URL", "ENGINTEL_JIRA_USER", "ENGINTEL_JIRA_TOKEN",
    "ENGINTEL_SLACK_TOKEN", "ENGINTEL_SLACK_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL",
}  # fmt: skip
VARIABLES = {setting.metadata["variable"]: setting.name for setting in fields(Settings)}
SECRETS = [setting.metadata["variable"] for setting in fields(Settings) if setting.metadata["secret"]]
PLAIN = [variable for variable in VARIABLES if variable not in SECRETS]
EXAMPLES = {variable: f"https://{variable.lower()}.example" for variable in VARIABLES if variable.endswith("_URL")}
EXAMPLES |= {"ENGINTEL_DEADLINE": "2.5", "ENGINTEL_LAG_LIMIT": "90"}
"""A value that will do, where not any will."""


def example(variable: str) -> str:
    """A value for a variable."""
    return EXAMPLES.get(variable, f"value-of-{variable.lower()}")


def refusal(environment: dict[str, str]) -> str:
    """How an environment is refused."""
    with pytest.raises(Misconfigured) as refused:
        load_settings(environment)
    return str(refused.value)


@pytest.mark.parametrize("variable", ["ENGINTEL_DEADLINE", "ENGINTEL_LAG_LIMIT"])
@pytest.mark.parametrize("value", ["soon", "0", "-1", "inf", "nan"])
def test_what_is_no_time_is_refused_before_anything_is_served(variable: str, value: str) -> None:
    """Or it would be told in the middle of an answer."""
    assert refusal({variable: value}).startswith(f"{variable} is {value!r}: expected seconds, such as ")


def test_only_promised_names_are_read_and_none_that_was_is_dropped() -> None:
    """A renamed variable is silently ignored in every deployment there is."""
    assert VARIABLES.keys() <= PROMISED | OWN
    assert VARIABLES.keys() >= READ


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_is_read_into_the_setting_of_its_name(variable: str) -> None:
    """Without the blanks that a copied value brings, and into that setting alone."""
    name = variable.lower().removeprefix("engintel_")
    loaded = load_settings({variable: f"  {example(variable)}\n"})

    assert {field: value for field, value in asdict(loaded).items() if value is not None} == {name: example(variable)}


@pytest.mark.parametrize("value", ["", "  ", "\n"])
def test_an_empty_variable_counts_as_unset(value: str) -> None:
    """A Compose file passes on what it does not have as an empty text."""
    assert load_settings(dict.fromkeys([*VARIABLES, *(f"{name}_FILE" for name in SECRETS)], value)) == Settings()


def test_what_is_unset_has_a_default_that_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing has to be configured to begin."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    settings = load_settings({})

    assert settings.organisation == "default"
    assert settings.home_folder == default_home()
    assert settings.write_policy.allowed == ()
    assert settings.clock().tzinfo is UTC
    assert load_settings({"ENGINTEL_HOME": "~/x"}).home_folder == Path.home() / "x"
    assert load_settings({"ENGINTEL_NOW": "2026-11-01T01:00:00+01:00"}).clock() == datetime(2026, 11, 1, tzinfo=UTC)


def test_the_secrets_are_known_as_such() -> None:
    """Whatever lets somebody in; a new one must not be forgotten."""
    telling = ("_TOKEN", "_SECRET", "_KEY", "DATABASE_URL", "EVENTS_URL", "VECTORS_URL", "GRAPH_URL", "LOG_URL")

    assert set(SECRETS) >= {variable for variable in VARIABLES if variable.endswith(telling)}


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_may_lie_in_a_file(tmp_path: Path, variable: str) -> None:
    """As Docker and Kubernetes hand them out, with a line break at the end."""
    file = tmp_path / "secret"
    file.write_text(f"{example(variable)}\n", encoding="utf-8")

    assert load_settings({f"{variable}_FILE": str(file)}) == load_settings({variable: example(variable)})


@pytest.mark.parametrize("variable", PLAIN)
def test_what_is_no_secret_is_not_looked_for_in_a_file(tmp_path: Path, variable: str) -> None:
    """One way to say a thing is enough."""
    file = tmp_path / "value"
    file.write_text(example(variable), encoding="utf-8")

    assert load_settings({f"{variable}_FILE": str(file)}) == Settings()


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_given_twice_is_refused(tmp_path: Path, variable: str) -> None:
    """Of two tokens one is the old one, and nobody knows which would count."""
    file = tmp_path / "secret"
    file.write_text("the-new-one", encoding="utf-8")

    told = refusal({variable: "the-old-one", f"{variable}_FILE": str(file)})

    assert told == f"{variable} and {variable}_FILE are both set: keep one of them."


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize(
    ("holds", "why"), [(None, "cannot be read"), (b"\xff\xfe", "cannot be read"), (b" \n", "empty")]
)
def test_a_file_without_a_secret_is_refused(tmp_path: Path, variable: str, holds: bytes | None, why: str) -> None:
    """Going on without the token would open a door that somebody meant to lock."""
    file = tmp_path / "secret"
    if holds is not None:
        file.write_bytes(holds)

    told = refusal({f"{variable}_FILE": str(file)})

    assert told.startswith(f"{variable}_FILE names {str(file)!r}, which ")
    assert why in told
    assert "\n" not in told


def test_a_folder_or_an_impossible_path_is_refused_like_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Docker makes a folder of a mounted file that is missing."""
    for path in (str(tmp_path), "no\0path", "x" * 5_000):
        assert refusal({"ENGINTEL_HTTP_TOKEN_FILE": path}).startswith("ENGINTEL_HTTP_TOKEN_FILE names ")


@pytest.mark.parametrize(
    "value",
    ["acme.atlassian.net", "ftp://acme.example", "https://", "https://[::1", "https://a:99999", "not an address"],
)
@pytest.mark.parametrize("variable", ["ENGINTEL_JIRA_URL", "ENGINTEL_SLACK_URL", "OPENAI_BASE_URL"])
def test_an_address_that_is_none_is_told_at_once(variable: str, value: str) -> None:
    """And not when the first comment is posted. It is not repeated: people put passwords into addresses."""
    told = refusal({variable: value})

    assert told == f"{variable} is not an address: expected http:// or https://, a host, and maybe a path."


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("ENGINTEL_NOW", "yesterday", "a time such as 2026-11-01T00:00:00Z"),
        ("ENGINTEL_NOW", "2026-11-01T00:00:00", "a time such as 2026-11-01T00:00:00Z"),
        ("ENGINTEL_WRITES", "yes", "off, on, or targets such as jira:PAY-*"),
        ("ENGINTEL_WRITES", "jira:PAY-*, notion:x", "off, on, or targets such as jira:PAY-*"),
    ],
)
def test_a_wrong_value_is_told_with_its_variable_and_what_was_expected(
    variable: str, value: str, expected: str
) -> None:
    """One sentence that an operator can act on."""
    settings = load_settings({variable: value})
    with pytest.raises(Misconfigured) as refused:
        _ = (settings.clock, settings.write_policy)

    told = str(refused.value)
    assert told.startswith(f"{variable} ")
    assert f"expected {expected}" in told
    assert "\n" not in told


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:pass-word@127.0.0.1/x",
        "postgresql://u:pass-word@127.0.0.1:port/x",
        "postgresql://u:pass-word@127.0.0.1:99999/x",
        "postgresql://u:pass-word/rest@127.0.0.1/x",
        "postgresql://u:pass-word@[::1/x",
        "pass-word",
    ],
)
async def test_a_database_url_that_is_none_is_told_without_repeating_it(tmp_path: Path, url: str) -> None:
    """Not as an internal error, not as a database that is down; and the password is in no part of what is kept."""
    with pytest.raises(Misconfigured) as refused:
        async with open_engine(load_settings({"ENGINTEL_DATABASE_URL": url, "ENGINTEL_HOME": str(tmp_path)})):
            pass

    told = str(refused.value)
    assert told.startswith("ENGINTEL_DATABASE_URL is not a PostgreSQL URL: expected postgresql://")
    assert "pass-word" not in told
    assert refused.value.__suppress_context__


async def test_an_organisation_of_another_form_is_told_with_its_variable(database: Database) -> None:
    """Most will try the company's name as they write it."""
    with pytest.raises(Misconfigured, match=r"^ENGINTEL_ORG is 'Acme Corp': expected a-z") as refused:
        async with database.session("Acme Corp"):
            pass
    assert "\n" not in str(refused.value)


@given(st.sampled_from(SECRETS), st.text("0123456789abcdef", min_size=12, max_size=40))
def test_no_secret_is_in_any_representation(variable: str, secret: str) -> None:
    """What is printed while looking for a mistake ends in tickets and chats."""
    settings = load_settings({variable: secret})

    assert getattr(settings, VARIABLES[variable]) == secret
    for shown in (repr(settings), str(settings), f"{settings}", f"{settings!r:>10}"):
        assert secret not in shown


def test_no_secret_is_shown_by_doctor_or_told_in_an_error(home: Path) -> None:
    """Neither where all is well, nor where the database cannot be had, and in no log of these runs."""
    secrets = {variable: f"hush-{n}-{variable.lower()}" for n, variable in enumerate(SECRETS)}
    url = "ENGINTEL_DATABASE_URL"
    inside = secrets.pop(url)
    stream = {"ENGINTEL_LOG_URL": f"kafka://u:{secrets.pop('ENGINTEL_LOG_URL')}@127.0.0.1:9?timeout=1"}
    for role in ("DIRECTORY", "EVENTS", "VECTORS", "GRAPH"):  # each engine's own tests show that it tells none either
        secrets.pop(f"ENGINTEL_{role}_URL")
    given_ = {**secrets, "ENGINTEL_WRITES": "on", "ENGINTEL_JIRA_URL": "https://jira.example"}

    well = run(home, "doctor", **given_)
    well_json = run(home, "doctor", "--json", **given_)
    ill = run(home, "doctor", **given_, **stream, **{url: f"postgresql://u:{inside}@127.0.0.1:9/none"})
    call = run(home, "call", "find_entity", "query=x", **given_, **{url: f"postgresql://u:{inside}@127.0.0.1:9/none"})

    assert [done.returncode for done in (well, well_json, ill, call)] == [0, 0, 1, 1], well.stderr
    kept = [file.read_text(encoding="utf-8") for file in (home / "logs").rglob("*.log")]
    for text in (*kept, *(done.stdout + done.stderr for done in (well, well_json, ill, call))):
        assert "hush-" not in text


def test_no_secret_is_logged_with_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody will log them whole one day."""
    settings = load_settings({"ENGINTEL_HOME": str(tmp_path), **dict.fromkeys(SECRETS, "hush")})
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log_to(settings)
        logging.getLogger("engintel.test").warning("Started with %s", settings)
        ours = [handler for handler in root.handlers if handler not in before]
        for handler in ours:
            handler.close()
    finally:
        root.handlers, root.level = before, level

    [file] = (tmp_path / "logs").glob("*.log")
    for text in (file.read_text(encoding="utf-8"), capsys.readouterr().err):
        assert "Started with Settings(" in text
        assert "hush" not in text
