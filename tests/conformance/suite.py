"""The conformance suite: running it, reading what it found, and comparing that with what is expected."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conformance.packages import Programs

REVISIONS: Final = ("2026-07-28", "2025-11-25")
SERVERS: Final = ("plain", "fixtures")
"""engintel as users get it, and with what the suite calls by name."""
SEVERITY: Final = ("INFO", "SUCCESS", "SKIPPED", "WARNING", "FAILURE")
"""A check that ran several times counts as the worst of them, as in the suite's own baselines."""
KINDS: Final = {
    "fixture": "the check calls something of a fixed name that only the fixtures have",
    "notyet": "the SDK does not have it",
    "never": "engintel does without it, on purpose",
    "suite": "the suite does not do it itself",
}
"""Why a check may be expected not to pass."""
PATIENCE: Final = 120
"""Seconds that a run may take."""
_SHOWN: Final = 300
"""Characters of a message that are worth reading."""


@dataclass(frozen=True)
class Check:
    """One check of one scenario, named `scenario:check`."""

    name: str
    status: str
    message: str = ""


@dataclass(frozen=True)
class Baseline:
    """What a run is expected to find."""

    passed: int
    """Checks that pass, hollow ones included."""
    hollow: Mapping[str, str]
    """Checks that pass and prove nothing, with the reason."""
    expected: Mapping[str, Mapping[str, str]]
    """FAILURE, WARNING and SKIPPED: the checks that end like this, with the reason."""

    @property
    def statuses(self) -> dict[str, str]:
        """How each check that is named here ends."""
        named = {name: status for status, reasons in self.expected.items() for name in reasons}
        return named | dict.fromkeys(self.hollow, "SUCCESS")


def baseline_path(revision: str, server: str) -> Path:
    """Where the baseline of a run is."""
    return Path(__file__).parent / f"baseline-{revision}-{server}.json"


def load_baseline(revision: str, server: str) -> Baseline:
    """The baseline of a run."""
    told = json.loads(baseline_path(revision, server).read_text(encoding="utf-8"))
    return Baseline(
        passed=told["passed"],
        hollow=told["hollow"],
        expected={status: told[status.lower()] for status in ("FAILURE", "WARNING", "SKIPPED")},
    )


@dataclass(frozen=True)
class Run:
    """What one run of the suite found."""

    conforms: bool
    """The suite's own verdict: everything that the revision requires passes."""
    checks: list[Check]
    """Every check that was made, each name once; what merely informs is left out."""


def run_suite(programs: Programs, url: str, revision: str, into: Path) -> Run:
    """Run everything that a revision requires, and what the suite only reports on, against a server.

    Args:
        programs: where the suite is.
        url: the server's MCP endpoint.
        revision: of the protocol.
        into: an empty folder for the suite's own results, and for its home.
    """
    results = into / "results"
    command: list[str | Path] = [
        programs.node, programs.conformance, "server", "--url", url, "--requirements", revision, "-o", results,
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=into,
        env={"HOME": str(into), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    announced = re.search(r"\((\d+) scenarios\)", done.stdout)
    folders = sorted(results.iterdir()) if results.exists() else []
    assert announced is not None, done.stderr
    assert len(folders) == int(announced[1]), f"{len(folders)} of {announced[1]} scenarios ran.\n{done.stderr}"
    return Run(done.returncode == 0, worst([check for folder in folders for check in read_scenario(folder)]))


def read_scenario(folder: Path) -> list[Check]:
    """The checks in the result folder of one scenario: `server-<scenario>-<time>/checks.json`."""
    match = re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z", folder.name)
    assert match is not None, folder.name
    scenario = match[1]
    try:
        made = json.loads((folder / "checks.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [Check(f"{scenario}:{scenario}", "FAILURE", "the scenario broke off without a result")]
    return [Check(f"{scenario}:{one['id']}", one["status"], one.get("errorMessage") or "") for one in made]


def worst(checks: list[Check]) -> list[Check]:
    """Each check once, as badly as it ever went; what merely informs is left out."""
    found: dict[str, Check] = {}
    for check in checks:
        before = found.get(check.name)
        if before is None or SEVERITY.index(check.status) > SEVERITY.index(before.status):
            found[check.name] = check
    return [check for check in found.values() if check.status != "INFO"]


def differences(checks: list[Check], baseline: Baseline) -> list[str]:
    """What was found and not expected, or expected and not found, in words."""
    expected = baseline.statuses
    told = []
    for check in checks:
        wanted = expected.get(check.name, "SUCCESS")
        if check.status != wanted:
            why = check.message[:_SHOWN] or "it passes now, take it out of the baseline"
            told.append(f"{check.name} is a {check.status}, expected {wanted}: {why}")
    made = {check.name for check in checks}
    told += [f"{name} was not checked, expected {wanted}" for name, wanted in expected.items() if name not in made]
    passed = sum(check.status == "SUCCESS" for check in checks)
    if not told and passed != baseline.passed:
        told.append(f"{passed} checks pass, expected {baseline.passed}")
    return told
