"""`engintel config`: what it prints starts a server, wherever the client is and however little it passes on."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from server.cli.main import CLIENTS
from tests.acceptance.program import NOW
from tests.acceptance.shell import Done, clone_at, engintel, held_home, succeed

SECRET = "token-that-must-not-leak"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with one repository."""
    clone = clone_at(tmp_path_factory.mktemp("clones") / "api")
    clone.commit("begin", author="Ada Lovelace <ada@acme.example>")
    with held_home() as home:
        succeed(home, "ingest", "git", clone.path)
        yield home


def server_in(done: Done) -> dict[str, Any]:
    """The one server that a printed configuration starts."""
    assert done.returncode == 0
    [(kind, servers)] = json.loads(done.stdout).items()
    assert kind in {"mcpServers", "servers"}
    assert list(servers) == ["engintel"]
    server: dict[str, Any] = servers["engintel"]
    assert server.pop("type", "stdio") == "stdio"
    assert server.keys() <= {"command", "args", "env"}
    return server


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_printed_configuration_starts_a_server(kept: Path, tmp_path: Path, name: str) -> None:
    """From any folder, with nothing of this shell's environment but what is printed: hosts start servers like that."""
    server = server_in(engintel(kept, "config", name))
    assert Path(server["command"]).is_absolute()

    async with Client(StdioServerParameters(**server, cwd=str(tmp_path)), read_timeout_seconds=60) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        found = await client.call_tool("find_entity", {"query": "ada"})

    assert "find_entity" in listed
    assert found.structured_content is not None
    assert [entity["name"] for entity in found.structured_content["entities"]] == ["Ada Lovelace"]
    assert found.structured_content["as_of"] == NOW.replace("+00:00", "Z")


@pytest.mark.parametrize("name", CLIENTS)
def test_where_it_goes_is_said_beside_it(tmp_path: Path, name: str) -> None:
    """On stderr, so that the snippet can be written straight into a file; no database is started for it."""
    done = engintel(tmp_path / "home", "config", name)

    assert done.stderr.startswith("Goes into ")
    assert ".json" in done.stderr
    assert server_in(done)["args"][-3:] == ["serve", "--transport", "stdio"]
    assert not (tmp_path / "home").exists()


def test_vs_code_has_a_key_of_its_own(tmp_path: Path) -> None:
    """The others read `mcpServers`; with the wrong key a client shows nothing and says nothing."""
    keys = {name: next(iter(json.loads(engintel(tmp_path / "home", "config", name).stdout))) for name in CLIENTS}
    assert keys == {**dict.fromkeys(CLIENTS, "mcpServers"), "vscode": "servers"}


def test_settings_are_carried_over_and_secrets_are_not(tmp_path: Path) -> None:
    """A client's configuration is read, copied and shown in screenshots."""
    settings = {
        "ENGINTEL_WRITES": "jira:PAY-*",
        "ENGINTEL_JIRA_URL": "https://jira.acme.example",
        "ENGINTEL_JIRA_TOKEN": SECRET,
        "ENGINTEL_SLACK_TOKEN": SECRET,
        "ENGINTEL_DATABASE_URL": f"postgresql://engintel:{SECRET}@db.acme.example/engintel",
    }
    done = engintel(tmp_path / "home", "config", "cursor", **settings)

    env = server_in(done)["env"]
    assert env["ENGINTEL_HOME"] == str(tmp_path / "home")
    assert (env["ENGINTEL_WRITES"], env["ENGINTEL_JIRA_URL"]) == ("jira:PAY-*", "https://jira.acme.example")
    assert SECRET not in done.stdout + done.stderr


def test_a_home_that_is_named_relatively_is_carried_over_absolutely(tmp_path: Path) -> None:
    """A client's working folder is another one, and an empty home there would look like lost data."""
    done = engintel(tmp_path / "home", "config", "cursor", ENGINTEL_HOME="home")
    assert server_in(done)["env"]["ENGINTEL_HOME"] == str(tmp_path / "home")


def test_the_program_that_is_printed_is_the_one_that_was_asked(tmp_path: Path) -> None:
    """Another Python on the PATH of a client may hold another version, or none."""
    command = Path(server_in(engintel(tmp_path / "home", "config", "cursor"))["command"])
    assert command.parent == Path(sys.executable).parent
