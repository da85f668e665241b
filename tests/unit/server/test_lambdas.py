"""The Lambda entry points, asked with events as API Gateway and function URLs make them, over a real log."""

import asyncio
import base64
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.database import Database
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrate import migrate
from adapters.sources.webhooks import RULES
from domain.errors import StoreUnavailable
from evals.soak.payloads import DELIVERIES, SECRETS, SENT_AT, ordinary, signature
from server.lambdas import Answer, Handler, Receiver, handlers, open_log, read_request
from server.settings import Settings, load_settings
from tests.conftest import make_home, remove_home

NOW = "2026-11-21T00:00:00+00:00"
Json = dict[str, Any]


def rest(sender: str, headers: dict[str, str], body: bytes, *, encoded: bool = False, method: str = "POST") -> Json:
    """A REST API with a proxy integration: version 1.0, header names as they were sent."""
    path = f"/webhooks/{sender}"
    return {
        "resource": "/webhooks/{sender}", "path": path, "httpMethod": method,
        "headers": headers, "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None, "multiValueQueryStringParameters": None, "pathParameters": {"sender": sender},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012", "apiId": "id", "httpMethod": method, "path": f"/prod{path}", "stage": "prod",
            "protocol": "HTTP/1.1", "requestId": "id", "resourcePath": "/webhooks/{sender}",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "GitHub-Hookshot/0123456"},
        },
        "body": base64.b64encode(body).decode() if encoded else body.decode(), "isBase64Encoded": encoded,
    }  # fmt: skip


def http_v1(sender: str, headers: dict[str, str], body: bytes, **options: Any) -> Json:
    """An HTTP API that is set to payload format 1.0."""
    return {"version": "1.0", **rest(sender, {name.lower(): value for name, value in headers.items()}, body, **options)}


def http_v2(sender: str, headers: dict[str, str], body: bytes, *, encoded: bool = False, method: str = "POST") -> Json:
    """An HTTP API with payload format 2.0: the stage stands in the path, names are in lower case."""
    path = f"/prod/webhooks/{sender}"
    return {
        "version": "2.0", "routeKey": "POST /webhooks/{sender}", "rawPath": path, "rawQueryString": "",
        "headers": {name.lower(): value for name, value in headers.items()}, "pathParameters": {"sender": sender},
        "requestContext": {
            "accountId": "123456789012", "apiId": "api-id", "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "id", "requestId": "id", "routeKey": "POST /webhooks/{sender}", "stage": "prod",
            "time": "21/Nov/2026:00:00:00 +0000", "timeEpoch": SENT_AT * 1_000,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x"},
        },
        "body": base64.b64encode(body).decode() if encoded else body.decode(), "isBase64Encoded": encoded,
    }  # fmt: skip


def function_url(sender: str, headers: dict[str, str], body: bytes, **options: Any) -> Json:
    """A function URL: as version 2.0, without a stage or a route."""
    event = http_v2(sender, headers, body, **options)
    event["rawPath"] = event["requestContext"]["http"]["path"] = f"/{sender}"
    event["routeKey"] = event["requestContext"]["routeKey"] = event["requestContext"]["stage"] = "$default"
    event["requestContext"]["accountId"] = "anonymous"
    event["requestContext"]["domainName"] = "id.lambda-url.us-east-1.on.aws"
    del event["pathParameters"]
    return event


SHAPES = (rest, http_v1, http_v2, function_url)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A PostgreSQL with the schema in it, as an operator leaves one behind."""
    home = make_home()
    home.mkdir(mode=0o711)
    server = EmbeddedPostgres(home)
    where = server.start()

    async def prepare() -> None:
        async with Database(where, home).open() as database:
            await migrate(database)

    asyncio.run(prepare())
    yield where
    server.stop()
    remove_home(home)


@pytest.fixture
def settings(address: str, org: str) -> Settings:
    """What a function is given, for an organisation of the test's own."""
    environment = {"ENGINTEL_DATABASE_URL": address, "ENGINTEL_ORG": org, "ENGINTEL_NOW": NOW, **SECRETS}
    return load_settings(environment)


@pytest.fixture
def ask(settings: Settings) -> Iterator[Handler]:
    """The entry point of a function that serves every route."""
    receiver = Receiver(lambda: settings)
    yield handlers(receiver)["webhooks"]
    receiver.close()


def in_the_log(settings: Settings) -> list[str]:
    """The id of every event that is in the log."""

    async def read() -> list[str]:
        async with AsyncExitStack() as stack:
            log = await open_log(settings, stack)
            entries = [entry for lane in await log.heads() for entry in await log.read(lane, 0, 1_000)]
        return [entry.event.id for entry in entries if entry.event]

    return asyncio.run(read())


def told(answer: Answer) -> tuple[int, Json]:
    """Status and body."""
    assert answer["isBase64Encoded"] is False
    assert answer["headers"]["Content-Type"] == "application/json"
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("encoded", [False, True])
def test_every_shape_of_event_brings_every_sender_into_the_log(
    shape: Callable[..., Json], encoded: bool, ask: Handler, settings: Settings
) -> None:
    """Durable when it is answered; a redelivery is known."""
    for number in range(len(DELIVERIES)):
        sender, headers, body = ordinary(number)
        for _ in range(2):
            status, said = told(ask(shape(sender, dict(headers), body, encoded=encoded), None))
            assert (status, said.get("error")) == (202, None)
    kept = in_the_log(settings)
    assert len(kept) == len(set(kept)) > len(DELIVERIES)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_refused_is_refused_alike(shape: Callable[..., Json], ask: Handler, settings: Settings) -> None:
    """The statuses of the HTTP face."""
    sender, headers, body = ordinary(0)
    assert told(ask(shape(sender, {}, body), None))[0] == 401
    assert told(ask(shape(sender, {**headers, **signature("github", b"{}")}, body), None))[0] == 401
    assert told(ask(shape("gitlab", dict(headers), body), None))[0] == 404
    assert told(ask(shape("github", {**headers, **signature("github", b"[1]")}, b"[1]"), None))[0] == 400
    assert told(ask(shape("github", {**headers, **signature("github", b"{")}, b"{"), None))[0] == 400
    assert told(ask(shape(sender, dict(headers), body, method="GET"), None))[0] == 405
    large = b" " * (RULES["slack"].limit + 1)
    assert told(ask(shape("slack", {}, large), None))[0] == 413
    assert in_the_log(settings) == []


def test_a_function_may_serve_one_sender_alone(settings: Settings) -> None:
    """Whatever its path is called."""
    receiver = Receiver(lambda: settings)
    sender, headers, body = ordinary(0)
    event = http_v2(sender, dict(headers), body) | {"rawPath": "/hooks/in"}
    entries = handlers(receiver)
    assert set(entries) == {"webhooks", *RULES}
    assert told(entries["github"](event, None))[0] == 202
    assert told(entries["webhooks"](event, None))[0] == 404
    receiver.close()


def test_without_a_secret_a_function_takes_nothing(settings: Settings, address: str) -> None:
    """There is no way around it here."""
    receiver = Receiver(lambda: load_settings({"ENGINTEL_DATABASE_URL": address}))
    sender, headers, body = ordinary(0)
    status, said = told(handlers(receiver)["webhooks"](rest(sender, dict(headers), body), None))
    receiver.close()
    assert status == 403
    assert "ENGINTEL_GITHUB_WEBHOOK_SECRET" in said["error"]


def test_a_connection_that_was_cut_while_the_function_was_frozen_costs_nothing(
    ask: Handler, settings: Settings
) -> None:
    """Lambda stops a process between invocations for as long as it likes."""
    assert told(ask(rest(*_ordinary(0)), None))[0] == 202

    async def cut() -> None:
        async with AsyncExitStack() as stack:
            assert settings.database_url
            database = await stack.enter_async_context(Database(settings.database_url, Path()).open())
            async with database.owner() as connection:
                ended = await connection.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND application_name = 'engintel'"
                )
        assert ended >= 1

    asyncio.run(cut())
    assert told(ask(rest(*_ordinary(1)), None))[0] == 202


def _ordinary(number: int) -> tuple[str, dict[str, str], bytes]:
    sender, headers, body = ordinary(number)
    return sender, dict(headers), body


@pytest.mark.parametrize(
    ("url", "said"), [("postgresql://127.0.0.1:1/none", "not available"), (None, "ENGINTEL_DATABASE_URL")]
)
def test_a_log_that_cannot_be_reached_is_a_reason_to_come_again(
    url: str | None, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And is told to whoever reads the function's log, without what is secret."""
    environment = {"ENGINTEL_NOW": NOW, **SECRETS} | ({"ENGINTEL_DATABASE_URL": url} if url else {})
    receiver = Receiver(lambda: load_settings(environment))
    with caplog.at_level(logging.WARNING):
        answer = handlers(receiver)["webhooks"](rest(*_ordinary(0)), None)
    receiver.close()
    status, body = told(answer)
    assert status == 503
    assert answer["headers"]["Retry-After"]
    assert said in body["error"]
    assert SECRETS["ENGINTEL_GITHUB_WEBHOOK_SECRET"] not in caplog.text + body["error"]


def test_slack_and_notion_are_greeted_here_too(settings: Settings, address: str, org: str) -> None:
    """The token of Notion's is kept for `doctor`, and is not in the answer."""
    challenge = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    token = "secret_0123456789abcdef"
    offer = json.dumps({"verification_token": token}).encode()
    receiver = Receiver(
        lambda: load_settings({
            "ENGINTEL_DATABASE_URL": address, "ENGINTEL_ORG": org, "ENGINTEL_NOW": NOW,
            "ENGINTEL_SLACK_SIGNING_SECRET": SECRETS["ENGINTEL_SLACK_SIGNING_SECRET"],
        })
    )  # fmt: skip
    webhooks = handlers(receiver)["webhooks"]
    greeted = told(webhooks(http_v2("slack", dict(signature("slack", challenge)), challenge), None))
    offered = webhooks(rest("notion", {}, offer), None)
    receiver.close()
    assert greeted == (200, {"challenge": "abc"})
    assert offered["statusCode"] == 200
    assert token not in offered["body"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"httpMethod": "POST"},
        {"httpMethod": 7, "path": []},
        {"requestContext": {"http": {}}, "rawPath": "/github"},
        {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
        {**http_v2("github", {}, b""), "body": 7},
        {**http_v2("github", {}, b""), "body": "***", "isBase64Encoded": True},
        {**http_v2("github", {}, b""), "body": "\ud800"},
    ],
)
def test_an_event_of_something_else_is_refused(event: Json, ask: Handler) -> None:
    """A function may be asked by hand, or wired to a queue by mistake."""
    status, said = told(ask(event, None))
    assert status == 400
    assert said["error"].startswith(("Expected", "The event's body"))


def test_of_a_header_that_came_twice_the_last_counts() -> None:
    """As over HTTP; and none that came is lost."""
    event = rest("github", {"X-A": "2"}, b"") | {"multiValueHeaders": {"X-A": ["1", "2"], "x-B": ["3"], "X-C": []}}
    assert read_request(event).headers == {"x-a": "2", "x-b": "3"}
    assert read_request(event | {"headers": None, "body": None}).body == b""
    del event["headers"]
    assert read_request(event).headers == {"x-a": "2", "x-b": "3"}


def test_a_mistake_of_ours_is_no_crash(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """The sender may come again; what happened is in the function's log."""

    def broken() -> Settings:
        raise ZeroDivisionError

    receiver = Receiver(broken)
    answer = handlers(receiver)["webhooks"](rest(*_ordinary(0)), None)
    receiver.close()
    assert answer["statusCode"] == 503
    assert "ZeroDivisionError" in caplog.text


async def test_the_log_of_a_function_is_away_only_with_a_reason(tmp_path: Path) -> None:
    """As any other store."""
    async with AsyncExitStack() as stack:
        log = await open_log(Settings(database_url="postgresql://127.0.0.1:1/none", home=str(tmp_path)), stack)
        with pytest.raises(StoreUnavailable):
            await log.heads()
