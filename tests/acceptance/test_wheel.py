"""What is installed: one name, everything the program reads, and a script that runs where nothing else of ours is."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.acceptance.program import ROOT
from tests.conftest import make_home, remove_home

ROOMS = ("adapters", "domain", "evals", "prompts", "server", "tools")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as a packager builds it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [made] = folder.glob("*.whl")
    return made


def test_it_takes_one_name_in_site_packages(wheel: Path) -> None:
    """`tools` and `server` are names that other people's packages have too."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition("/")[0] for name in archive.namelist()}
    assert sorted(name for name in names if not name.endswith(".dist-info")) == ["engintel"]


def test_it_holds_every_file_of_every_room(wheel: Path) -> None:
    """SQL, prompts and tasks as well as code; a file that is forgotten fails only at the user's."""
    kept = {".py", ".sql", ".md", ".txt", ".json", ".ndjson"}
    here = {
        file.relative_to(ROOT).as_posix()
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.suffix in kept and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name.removeprefix("engintel/_bundle/") for name in archive.namelist()}
    assert not here - packed


def test_its_script_runs_in_a_bare_environment(wheel: Path, tmp_path: Path) -> None:
    """Outside the repository, with nothing but its dependencies beside it."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    install = ["uv", "pip", "install", "--quiet", "--offline", "--no-index", "--no-deps", "--python", str(python)]
    subprocess.run([sys.executable, "-m", *install, str(wheel)], check=True, capture_output=True)
    [site] = (venv / "lib").glob("python*/site-packages")
    # The dependencies are those of the tests. Only the folder is named, so its own .pth files, which would bring in
    # the repository, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    home = make_home()
    try:
        done = subprocess.run(
            [venv / "bin" / "engintel", "doctor"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "ENGINTEL_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "ok     database" in done.stdout
    finally:
        remove_home(home)
    shown = subprocess.run(
        [python, "-c", "import engintel, server; print(engintel.__file__); print(server.__file__)"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert str(ROOT) not in shown.stdout
