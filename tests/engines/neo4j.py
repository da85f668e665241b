"""A real Neo4j 5 server: Bolt alone, with a password and TLS, on a free port of loopback.

`python -m tests.engines.neo4j` assembles it (Java 17 and Maven; the first time takes a minute, with 115 MB to fetch)
and runs one until Ctrl-C, to try things by hand. Tests get theirs from the fixture `neo4j` in `tests/conftest.py`.
"""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.engines.certificates import Authority
from tests.engines.maven import Unavailable, assembled

__all__ = ["Server", "Unavailable", "running"]

POM = Path(__file__).with_name("neo4j.xml")
MAIN = Path(__file__).with_name("Neo4jServer.java")
USER, PASSWORD = "neo4j", "pa/ss@wo%rd"
"""Who may sign in; the password has what a URL must escape."""
_START_SECONDS = 120
_SMALL = ("-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", "-Xshare:auto")
_HASTY = ("-XX:TieredStopAtLevel=1",)
"""Compiles less well and sooner: right for tests, wrong for measuring."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Shape:
        address: host and port; both plain Bolt and TLS are spoken there.
        authority: the certificate of who signed the server's.
    """

    address: str
    authority: Path
    process: "subprocess.Popen[str]"

    def url(self, scheme: str = "neo4j", address: str | None = None) -> str:
        """The server's URL, with user and password."""
        return f"{scheme}://{USER}:{quote(PASSWORD, safe='')}@{address or self.address}"

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """The database takes no writes for a while, as a follower of a cluster does not."""
        self._tell("read-only")
        try:
            yield
        finally:
            self._tell("writable")

    def _tell(self, word: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"


def _compile(jars: Path) -> None:
    compiled = subprocess.run(
        ["javac", "-cp", f"{jars}/*", "-d", str(jars), str(MAIN)], capture_output=True, text=True, check=False
    )
    if compiled.returncode != 0:
        raise RuntimeError(f"javac failed: {compiled.stderr}")


@contextmanager
def running(*, hasty: bool = True) -> Iterator[Server]:
    """A fresh server, stopped and forgotten at the end.

    Args:
        hasty: whether it is to start soon rather than to run fast.

    Raises:
        Unavailable: see `tests.engines.maven`.
    """
    jars = assembled("Neo4j", POM, programs=("javac",), sources=(MAIN,), finish=_compile)
    folder = Path(tempfile.mkdtemp(prefix="engintel-neo4j-"))
    try:
        with _started(jars, folder, _HASTY if hasty else ()) as server:
            yield server
    finally:
        shutil.rmtree(folder)


@contextmanager
def _started(jars: Path, folder: Path, flags: tuple[str, ...]) -> Iterator[Server]:
    (folder / "certificates").mkdir()
    authority = Authority(folder / "certificates")
    signed = authority.sign("127.0.0.1")
    port = _free_port()
    (folder / "neo4j.conf").write_text(_settings(folder, port, signed.certificate, signed.key), encoding="utf-8")
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            ["java", *_SMALL, *flags, "-cp", f"{jars}/*:{jars}", "Neo4jServer", str(folder), PASSWORD],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        try:
            _until_started(process, folder)
            yield Server(f"127.0.0.1:{port}", authority.bundle, process)
        finally:
            process.kill()  # what it holds is thrown away; ending in order would take seconds
            process.communicate()


def _settings(folder: Path, port: int, certificate: Path, key: Path) -> str:
    return "\n".join(
        (
            "server.default_listen_address=127.0.0.1",
            "server.http.enabled=false",
            "server.https.enabled=false",
            "server.bolt.enabled=true",
            f"server.bolt.listen_address=127.0.0.1:{port}",
            f"server.bolt.advertised_address=127.0.0.1:{port}",
            "server.bolt.tls_level=OPTIONAL",
            "dbms.ssl.policy.bolt.enabled=true",
            f"dbms.ssl.policy.bolt.base_directory={certificate.parent}",
            f"dbms.ssl.policy.bolt.private_key={key}",
            f"dbms.ssl.policy.bolt.public_certificate={certificate}",
            "dbms.ssl.policy.bolt.client_auth=NONE",
            "dbms.security.auth_enabled=true",
            "dbms.security.auth_lock_time=0s",
            "dbms.usage_report.enabled=false",
            "server.memory.pagecache.size=64m",
            "db.tx_log.preallocate=false",
            "db.logs.query.enabled=OFF",
            f"server.directories.data={folder / 'data'}",
            f"server.directories.logs={folder / 'logs'}",
        )
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _until_started(process: "subprocess.Popen[str]", folder: Path) -> None:
    assert process.stdout is not None
    watch = threading.Timer(_START_SECONDS, process.kill)
    watch.start()
    try:
        said = process.stdout.readline()
    finally:
        watch.cancel()
    if said != "started\n":
        told = (folder / "server.log").read_text(encoding="utf-8")[-2_000:]
        raise RuntimeError(f"Neo4j did not start: {said}{told}")


def main() -> None:
    """Run a server until Ctrl-C, or until it is told to end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt), running(hasty=False) as server:
            print(f"export ENGINTEL_GRAPH_URL={server.url()}", flush=True)
            server.process.wait()
    except Unavailable as error:
        sys.exit(f"no Neo4j here: {error}")


if __name__ == "__main__":
    main()
