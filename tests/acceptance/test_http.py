"""The HTTP face: closed unless told otherwise, and the same answers as on stdio."""

import asyncio
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from domain.errors import Misconfigured
from server.http import check_exposure, is_loopback
from server.settings import Settings
from tests.acceptance.program import browser, free_port, run, serving, start, until_alive
from tools.catalog import TOOLS

TOKEN = "a-long-enough-token"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_of_either_era_gets_answers(sample_home: Path, mode: str) -> None:
    """Streamable HTTP on loopback, with nothing configured."""
    async with serving(sample_home) as url, Client(f"{url}/mcp", mode=mode) as client:
        tools = await client.list_tools()
        answer = await client.call_tool("find_entity", {"query": "checkout", "kind": "project"})

    assert len(tools.tools) == len(TOOLS)
    assert answer.structured_content is not None
    assert answer.structured_content["entities"][0]["id"] == "checkout"


async def test_with_a_token_nothing_is_open_but_the_signs_of_life(sample_home: Path) -> None:
    """On loopback too, once a token is set."""
    async with serving(sample_home, ENGINTEL_HTTP_TOKEN=TOKEN) as url, browser() as http:
        refused = await http.post(f"{url}/mcp", json={})
        wrong = await http.post(f"{url}/mcp", json={}, headers={"Authorization": "Bearer wrong"})
        assert (refused.status_code, wrong.status_code) == (401, 401)
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert (await http.get(f"{url}/healthz")).status_code == 200
        assert (await http.get(f"{url}/readyz")).json()["ready"] is True

        with_token = browser(headers={"Authorization": f"Bearer {TOKEN}"})
        async with with_token, Client(streamable_http_client(f"{url}/mcp", http_client=with_token)) as client:
            assert len((await client.list_tools()).tools) == len(TOOLS)


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("Host", "evil.example", 421), ("Origin", "http://evil.example", 403), ("Host", "intel.example:8321", 200)],
)
async def test_foreign_hosts_and_origins_are_refused(sample_home: Path, header: str, value: str, status: int) -> None:
    """A page that rebinds its name to this machine gets nothing; a name that the operator gave does."""
    initialize = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}},
    }  # fmt: skip
    accept = {"Accept": "application/json, text/event-stream"}
    async with serving(sample_home, ENGINTEL_ALLOWED_HOSTS="intel.example") as url, browser() as http:
        answer = await http.post(f"{url}/mcp", json=initialize, headers={**accept, header: value})

    assert answer.status_code == status


async def test_being_told_to_stop_lets_go_of_the_database(home: Path) -> None:
    """`docker stop` and systemd send SIGTERM."""
    port = free_port()
    process = start(home, "serve", "--transport", "http", "--port", str(port))
    try:
        url = await until_alive(f"http://127.0.0.1:{port}", process)
        async with browser() as http:
            assert (await http.get(f"{url}/readyz")).status_code == 200
    finally:
        process.terminate()
        await asyncio.to_thread(process.communicate, timeout=30)

    assert process.returncode == 0
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "ENGINTEL_HTTP_TOKEN"),
        ({"ENGINTEL_HTTP_TOKEN": TOKEN}, "ENGINTEL_ALLOWED_HOSTS"),
        ({"ENGINTEL_ALLOWED_HOSTS": "intel.example"}, "ENGINTEL_HTTP_TOKEN"),
    ],
)
def test_other_machines_need_a_token_and_named_hosts(home: Path, settings: dict[str, str], says: str) -> None:
    """Without both it does not start, and says what is missing."""
    done = run(home, "serve", "--transport", "http", "--host", "0.0.0.0", **settings)

    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_with_both_it_may_listen_anywhere() -> None:
    """The operator has said who may come in and by which name."""
    check_exposure(Settings(http_token=TOKEN, allowed_hosts="intel.example"), "0.0.0.0")
    with pytest.raises(Misconfigured):
        check_exposure(Settings(), "192.168.1.7")


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("[::1]", True), ("127.8.8.8", True), ("0.0.0.0", False),
     ("192.168.1.7", False), ("localhost.evil.example", False), ("", False)],
)  # fmt: skip
def test_loopback_is_recognised(host: str, local: bool) -> None:
    """Nothing else may be taken for it."""
    assert is_loopback(host) is local
