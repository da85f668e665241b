"""What an engine of Java consists of, fetched by Maven into a folder that stays."""

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.engines.alone import alone

ROOT = Path(__file__).resolve().parents[2]
JAVA = 17
_FETCH_SECONDS = 300


class Unavailable(Exception):
    """There can be no such engine on this machine; the text says why."""


def assembled(
    engine: str,
    pom: Path,
    *,
    programs: Sequence[str] = (),
    sources: Sequence[Path] = (),
    finish: Callable[[Path], None] = lambda _: None,
) -> Path:
    """The folder with everything that an engine consists of, fetched and finished if it is not there.

    Args:
        engine: its name.
        pom: names its parts.
        programs: what else than `java` it needs on this machine.
        sources: files that are part of it: with another content it is made anew.
        finish: makes what Maven does not fetch.

    Raises:
        Unavailable: Java or Maven is missing, or what is needed cannot be fetched.
    """
    for program in ("java", *programs):
        if shutil.which(program) is None:
            raise Unavailable(f"no `{program}` on this machine: install a JDK {JAVA} or newer")
    version = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', version)
    if found is None or int(found[1]) < JAVA:
        raise Unavailable(f"{engine} needs Java {JAVA} or newer")
    jars = ROOT / ".cache" / engine.lower()
    wanted = "".join(path.read_text(encoding="utf-8") for path in (pom, *sources))
    with alone(jars.with_suffix(".lock")):
        _fetch(engine, pom, jars, wanted, finish)
    return jars


def _fetch(engine: str, pom: Path, jars: Path, wanted: str, finish: Callable[[Path], None]) -> None:
    mark = jars / "assembled.txt"
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return
    if shutil.which("mvn") is None:
        raise Unavailable(f"no `mvn` on this machine: install Maven to assemble {engine}")
    shutil.rmtree(jars, ignore_errors=True)
    jars.mkdir(parents=True)
    command = ["mvn", "--batch-mode", "--quiet", "--file", str(pom), "dependency:copy-dependencies",
               "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"Maven did not fetch {engine} within {_FETCH_SECONDS} s") from None
    if done.returncode != 0:
        raise Unavailable(f"Maven cannot fetch {engine}: its registry cannot be reached")
    finish(jars)
    mark.write_text(wanted, encoding="utf-8")
