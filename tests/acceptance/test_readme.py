"""The README says what is: its generated parts are current, its commands are commands, its links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest

from adapters.postgres.address import read_address
from adapters.postgres.data_api import read_data_api
from server.cli.main import build_parser
from tests.acceptance.program import ROOT
from tests.docs.generate import README, STATIC, filled, transcript
from tests.engines.certificates import Authority

TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
LINES = [line.partition(" #")[0].strip() for block in BLOCKS for line in block.splitlines()]
COMMANDS = [line.removeprefix("$ ").removeprefix(".venv/bin/") for line in LINES]


def test_the_tables_say_what_the_program_has() -> None:
    """If this fails, `make docs` writes them again."""
    assert filled(TEXT, STATIC) == TEXT


def test_the_transcript_is_what_the_program_answers(sample_home: Path) -> None:
    """Word for word, on the sample organisation; `make docs` writes it again."""
    assert filled(TEXT, {"transcript": lambda: transcript(sample_home)}) == TEXT


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("engintel ")])
def test_every_command_shown_is_one(command: str) -> None:
    """Whoever copies a line must not be told that it is wrong usage."""
    assert build_parser().parse_args(shlex.split(command)[1:]).does


@pytest.mark.parametrize("target", sorted({line.split()[1] for line in COMMANDS if line.startswith("make ")}))
def test_every_target_shown_is_there(target: str) -> None:
    """And says in `make help` what it does."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:.*## \w", makefile, re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "evals/README.md", "tests/conformance/README.md"])
def test_links_within_the_repository_lead_somewhere(page: str) -> None:
    """Files move; what points at them should notice."""
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    missing = [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()]
    assert not missing


def test_continuous_integration_runs_the_readme_s_own_commands() -> None:
    """What is promised to a new user is what is tested."""
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in steps if line.startswith("make ")] == ["make lint", "make test"]
    assert "make test" in COMMANDS


@pytest.mark.parametrize(
    ("variable", "url"),
    re.findall(r"^export (ENGINTEL_(?:DATABASE|DIRECTORY)_URL)='([^']+)'", TEXT, re.MULTILINE)
    + [("ENGINTEL_DATABASE_URL", url) for url in re.findall(r"`(postgresql://[^`]+)`", TEXT)],
)
def test_every_database_shown_is_an_address(
    variable: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever copies one has only names to change."""
    monkeypatch.chdir(tmp_path)
    bundle = Authority(tmp_path).bundle
    (tmp_path / "global-bundle.pem").write_bytes(bundle.read_bytes())

    if variable == "ENGINTEL_DIRECTORY_URL":
        assert read_data_api(url).database == "engintel"
    else:
        assert read_address(url.replace("HOST", "db.cluster-c1.eu-central-1.rds.amazonaws.com")).given
