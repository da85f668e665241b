"""The server as a host starts it: any protocol era, several at once, killed at any moment."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.acceptance.program import NOW, environment, run, served, start
from tools.catalog import TOOLS

DISCOVER = {
    "jsonrpc": "2.0", "id": 1, "method": "server/discover",
    "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }},
}  # fmt: skip
INITIALIZE = {
    "jsonrpc": "2.0", "id": 2, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}},
}  # fmt: skip


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_of_either_era_gets_answers(sample_home: Path, mode: str) -> None:
    """The modern protocol and the handshake, with nothing configured."""
    async with served(sample_home, mode=mode, settings={"ENGINTEL_NOW": NOW}) as client:
        tools = await client.list_tools()
        answer = await client.call_tool("get_project_health", {"project": "search"})

    assert len(tools.tools) == len(TOOLS)
    assert answer.structured_content is not None
    assert answer.structured_content["project"] == {"id": "search", "name": "search"}


def test_a_client_that_discovers_and_then_shakes_hands_is_served(home: Path) -> None:
    """The SDK would refuse the handshake after `server/discover`; a widely used client does just that."""
    process = start(home, "serve")
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        answers = []
        for message in (DISCOVER, INITIALIZE):
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            answers.append(json.loads(process.stdout.readline()))
        process.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        process.stdin.write('{"jsonrpc":"2.0","id":3,"method":"tools/list"}\n')
        process.stdin.flush()
        answers.append(json.loads(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()
        assert process.stderr is not None
        process.stderr.close()

    assert "2026-07-28" in answers[0]["result"]["supportedVersions"]
    assert answers[1]["result"]["serverInfo"]["name"] == "engintel"
    assert len(answers[2]["result"]["tools"]) == len(TOOLS)


def test_being_told_to_stop_lets_go_of_the_database(home: Path) -> None:
    """A host that ends sends SIGTERM at best."""
    process = start(home, "serve")
    assert process.stdin is not None
    assert process.stdout is not None
    call = {
        "jsonrpc": "2.0",
        "id": 3,
        "method": "tools/call",
        "params": {"name": "find_entity", "arguments": {"query": "x"}},
    }
    for message in (INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"}, call):
        process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(2)]
    assert answers[1]["result"]["isError"] is False

    process.terminate()
    process.communicate(timeout=30)

    assert process.returncode == 128 + signal.SIGTERM
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


async def test_tools_are_listed_when_no_store_can_be_had(home: Path) -> None:
    """And a call says what is wrong, in one sentence, without a traceback."""
    nowhere = {"ENGINTEL_DATABASE_URL": "postgresql://nobody:secret-word@127.0.0.1:9/none"}
    async with served(home, settings=nowhere) as client:
        tools = await client.list_tools()
        answer = await client.call_tool("find_entity", {"query": "ada"})

    told = answer.content[0].text  # type: ignore[union-attr]  # a text
    assert len(tools.tools) == len(TOOLS)
    assert answer.is_error
    assert "PostgreSQL" in told
    assert "not available" in told
    assert "secret-word" not in told
    assert "Traceback" not in told


def repository(path: Path, commits: int) -> Path:
    """A clone with so many commits, made at once through `git fast-import`."""
    path.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    lines = []
    for n in range(commits):
        moment = f"{1_760_000_000 + n * 60} +0000"
        lines.append(
            f"commit refs/heads/main\nauthor Ada Lovelace <ada@acme.dev> {moment}\n"
            f"committer Ada Lovelace <ada@acme.dev> {moment}\ndata <<E\nChange {n}\nE\n"
            f"M 100644 inline src/file{n % 40}.py\ndata <<E\nx = {n}\nE\n"
        )
    subprocess.run(["git", "-C", str(path), "fast-import", "--quiet"], input="".join(lines).encode(), check=True)
    return path


async def test_two_servers_and_an_ingest_share_one_home_and_survive_kill(home: Path) -> None:
    """Both answer while the ingest runs; killing any of the three, or the database, loses nothing and blocks nobody."""
    home.mkdir(mode=0o711)
    clone = repository(home.parent / "api", 6_000)
    async with served(home) as first, served(home) as second:
        for client in (first, second):
            await client.list_tools()
        ingest = start(home, "ingest", "git", str(clone))
        for client in (first, second):
            while not await knows_ada(client):  # each asks until the ingest shows, so it is in the middle of it
                assert ingest.poll() is None, ingest.communicate()
        assert ingest.poll() is None, "the ingest was over before it could be killed"
        ingest.send_signal(signal.SIGKILL)
        ingest.communicate()

        again = await asyncio.to_thread(run, home, "ingest", "git", str(clone))
        assert again.returncode == 0, again.stderr
        assert await commits(second) == 6_000

        await kill_server(home, first)
        assert await commits(second) == 6_000

    async with served(home) as third:
        assert await commits(third) == 6_000
        kill_postgres(home)
        assert await commits(third) == 6_000
    once_more = await asyncio.to_thread(run, home, "ingest", "git", str(clone))
    assert "0 events new" in once_more.stdout


async def knows_ada(client: Any) -> bool:
    """Whether a server sees anything of the ingest yet; it must answer, either way."""
    answer = await client.call_tool("find_entity", {"query": "Ada Lovelace", "kind": "person"})
    assert not answer.is_error, answer.content
    return bool(answer.structured_content["entities"])


async def commits(client: Any) -> int:
    """How many commits Ada is said to have made."""
    answer = await client.call_tool("get_developer", {"person": "ada@acme.dev", "days": 3650})
    assert not answer.is_error, answer.content
    return int(answer.structured_content["activity"]["commits"])


async def kill_server(home: Path, client: Any) -> None:
    """Kill the oldest server process of a home."""
    servers = [
        process
        for process in psutil.Process().children(recursive=True)
        if "serve" in process.cmdline() and process.environ().get("ENGINTEL_HOME") == str(home)
    ]
    min(servers, key=lambda process: process.create_time()).kill()


def kill_postgres(home: Path) -> None:
    """Kill the embedded PostgreSQL of a home with everything below it."""
    pid = int((home / "postgres" / "data" / "postmaster.pid").read_text(encoding="utf-8").split("\n")[0])
    os.kill(pid, signal.SIGKILL)


def test_questions_that_are_piped_in_are_answered_before_it_ends(home: Path) -> None:
    """Whoever pipes closes stdin behind the last question, and still wants to hear the answers."""
    lines = [INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"}]
    call = {"name": "find_entity", "arguments": {"query": "anybody"}}
    lines += [{"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": call} for n in range(10, 15)]
    done = subprocess.run(
        [sys.executable, "-m", "engintel", "serve"],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        env=environment(home),
        timeout=60,
        check=False,
    )

    assert done.returncode == 0
    assert {json.loads(line)["id"] for line in done.stdout.splitlines()} == {2, 10, 11, 12, 13, 14}


def test_nothing_but_the_protocol_is_on_stdout(home: Path) -> None:
    """A stray print would end the conversation."""
    done = subprocess.run(
        [sys.executable, "-m", "engintel", "serve"],
        input=json.dumps(INITIALIZE) + "\n",
        capture_output=True,
        text=True,
        env=environment(home),
        timeout=60,
        check=False,
    )

    assert done.returncode == 0
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [2]
    assert done.stderr == ""
