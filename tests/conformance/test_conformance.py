"""The protocol's own suite and Inspector, pointed at our HTTP server, find what the baselines say and nothing else."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from mcp import Client
from mcp_types import TextContent

from tests.conformance.packages import CONFORMANCE, INSPECTOR, Programs, Unavailable
from tests.conformance.packages import programs as fetch_programs
from tests.conformance.readme import README, filled
from tests.conformance.serving import serving
from tests.conformance.suite import (
    KINDS,
    REVISIONS,
    SERVERS,
    Baseline,
    Check,
    differences,
    load_baseline,
    run_suite,
    worst,
)
from tests.conftest import make_home, remove_home
from tools.catalog import TOOLS

BASELINE = Baseline(
    passed=2,
    hollow={"tools:any": "any text will do"},
    expected={"FAILURE": {"tasks:get": "notyet: no tasks"}, "WARNING": {}, "SKIPPED": {}},
)
AS_EXPECTED = [Check("tools:list", "SUCCESS"), Check("tools:any", "SUCCESS"), Check("tasks:get", "FAILURE", "no task")]


@pytest.fixture(scope="session")
def programs() -> Programs:
    """Node, the suite and the Inspector."""
    try:
        return fetch_programs()
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def address() -> Iterator[Callable[[str], str]]:
    """Where a server is; it is started when first asked for. Both work on one fresh home, as two clients' would."""
    home = make_home()
    addresses: dict[str, str] = {}
    with ExitStack() as stack:
        stack.callback(remove_home, home)

        def of(server: str) -> str:
            if server not in addresses:
                addresses[server] = stack.enter_context(serving(server, home))
            return addresses[server]

        yield of


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("revision", REVISIONS)
def test_the_suite_finds_what_the_baseline_says(
    programs: Programs, address: Callable[[str], str], tmp_path: Path, revision: str, server: str
) -> None:
    """No more, and no less; with the fixtures, everything that the revision requires passes."""
    run = run_suite(programs, address(server), revision, tmp_path)

    told = differences(run.checks, load_baseline(revision, server))
    assert not told, "\n".join(told)
    assert run.conforms is (server == "fixtures")


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_the_inspector_finds_every_tool_fit_for_any_client(
    programs: Programs, address: Callable[[str], str], tmp_path: Path, era: str
) -> None:
    """With `--strict` it reports every schema that some client would stumble over."""
    done = inspect(programs, address("plain"), era, tmp_path)

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [tool["name"] for tool in answer["result"]["tools"]] == [spec.name for spec in TOOLS]
    assert answer.get("schemaFindings", []) == []


def test_the_inspector_would_complain(programs: Programs, address: Callable[[str], str], tmp_path: Path) -> None:
    """One fixture takes a list of anything at all."""
    done = inspect(programs, address("fixtures"), "modern", tmp_path)

    assert done.returncode == 6
    assert [found["toolName"] for found in json.loads(done.stdout)["schemaFindings"]] == ["json_schema_2020_12_tool"]


def inspect(programs: Programs, url: str, era: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """List the tools as the Inspector's command line does."""
    return subprocess.run(
        [
            programs.node, programs.inspector, "--cli", url, "--transport", "http", "--protocol-era", era,
            "--method", "tools/list", "--strict", "--format", "json",
        ],
        cwd=home,
        env={"HOME": str(home), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_fixtures_answer_where_the_suite_does_not_look(address: Callable[[str], str], mode: str) -> None:
    """Any text would do for `tools-call-simple-text`, and any tool's error for `tools-call-error`."""
    async with Client(address("fixtures"), mode=mode) as client:
        simple = await client.call_tool("test_simple_text")
        failing = await client.call_tool("test_error_handling")

    assert simple.content == [TextContent(type="text", text="This is a simple text response for testing.")]
    assert not simple.is_error
    assert failing.is_error
    assert isinstance(failing.content[0], TextContent)
    assert failing.content[0].text.startswith("test_error_handling failed inside the server (incident ")


def test_a_run_as_expected_differs_in_nothing() -> None:
    """Expected failures and hollow passes included."""
    assert differences(AS_EXPECTED, BASELINE) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Check("tools:list", "FAILURE", "no name"), "tools:list is a FAILURE, expected SUCCESS: no name"),
        (Check("tools:list", "WARNING", "odd"), "tools:list is a WARNING, expected SUCCESS: odd"),
        (Check("tasks:get", "WARNING", "slow"), "tasks:get is a WARNING, expected FAILURE: slow"),
        (Check("tools:any", "FAILURE", "no text"), "tools:any is a FAILURE, expected SUCCESS: no text"),
        (
            Check("tasks:get", "SUCCESS"),
            "tasks:get is a SUCCESS, expected FAILURE: it passes now, take it out of the baseline",
        ),
    ],
)
def test_a_check_that_ends_otherwise_is_told_by_name(found: Check, told: str) -> None:
    """Better or worse."""
    checks = [found if check.name == found.name else check for check in AS_EXPECTED]

    assert differences(checks, BASELINE) == [told]


def test_a_check_that_is_no_longer_made_is_told() -> None:
    """Named in the baseline or not."""
    assert differences(AS_EXPECTED[:2], BASELINE) == ["tasks:get was not checked, expected FAILURE"]
    assert differences(AS_EXPECTED[1:], BASELINE) == ["1 checks pass, expected 2"]


def test_a_check_that_runs_several_times_is_as_good_as_the_worst() -> None:
    """In whatever order."""
    good, bad = Check("a:b", "SUCCESS"), Check("a:b", "FAILURE", "once")

    assert worst([good, bad, good]) == worst([bad, good]) == [bad]
    assert worst([Check("a:b", "INFO")]) == []


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("revision", REVISIONS)
def test_every_line_of_a_baseline_has_a_reason_of_a_known_kind(revision: str, server: str) -> None:
    """A failure for want of a fixture has no place where the fixtures are."""
    baseline = load_baseline(revision, server)
    reasons = [reason for named in baseline.expected.values() for reason in named.values()]

    kinds = {reason.partition(": ")[0] for reason in reasons}
    assert kinds <= (KINDS.keys() if server == "plain" else KINDS.keys() - {"fixture"})
    assert all(reason.partition(": ")[2] for reason in reasons)
    assert all(baseline.hollow.values())


def test_the_readme_explains_every_line() -> None:
    """`python -m tests.conformance.readme` writes it."""
    text = README.read_text(encoding="utf-8")

    assert text == filled(text)
    assert f"conformance` | {CONFORMANCE} |" in text
    assert f"inspector --cli` | {INSPECTOR} |" in text
    assert all(f"| `{kind}` | {meaning} |" in text for kind, meaning in KINDS.items())
