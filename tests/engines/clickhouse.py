"""ClickHouse for tests: the real engine in this process, and a server that speaks its HTTP over the same engine."""

import json
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.acceptance.program import ROOT
from tests.engines.certificates import Signed
from tests.engines.clickhouse_face import PASSWORDS


class Unavailable(Exception):
    """Why there is no ClickHouse on this machine."""


@dataclass(frozen=True)
class Face:
    """A server, and how to make it misbehave."""

    port: int

    def url(
        self, user: str = "engintel", *, password: str | None = None, database: str = "engintel", **more: str
    ) -> str:
        """What `ENGINTEL_EVENTS_URL` would be."""
        account = f"{user}:{quote(PASSWORDS[user] if password is None else password, safe='')}"
        options = "&".join(f"{name}={value}" for name, value in {"create": "yes", **more}.items())
        return f"clickhouse://{account}@127.0.0.1:{self.port}/{database}?{options}"

    def fail(self, on: str, **how: Any) -> None:
        """What is to go wrong with the next statement that has `on` in it: `code=`, `lose=True`, or `seconds=`."""
        self._call(json.dumps({"on": on, **how}).encode())

    def journal(self) -> list[dict[str, Any]]:
        """What it was asked, and who hung up."""
        told: list[dict[str, Any]] = json.loads(self._call(None))
        return told

    def _call(self, body: bytes | None) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/face", body)
        with urllib.request.urlopen(request) as answer:
            return bytes(answer.read())


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for the engine in this process."""
    if find_spec("chdb") is None:
        raise Unavailable("chdb is not installed")
    made = Path(tempfile.mkdtemp(prefix="engintel-chdb-"))
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def serving() -> Iterator[Face]:
    """A server in a process of its own; it is stopped at the end."""
    with folder() as place:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.engines.clickhouse_face", str(place)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            port = process.stdout.readline().strip()
            if not port:
                raise Unavailable("chdb does not start")
            yield Face(int(port))
        finally:
            process.stdin.close()
            process.wait(30)
            process.stdout.close()


@contextmanager
def behind_certificate(signed: Signed) -> Iterator[int]:
    """The port of something that speaks TLS and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed.certificate, signed.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=_shake_hands, args=(listener, context))
        serving.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()


def _shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            _shake_hand(connection, context)


def _shake_hand(connection: socket.socket, context: ssl.SSLContext) -> None:
    """By hand: a wrapped socket whose other end is gone already is never closed."""
    told, tell = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(told, tell, server_side=True)
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            connection.sendall(tell.read())
            heard = connection.recv(65_536)
            if not heard:
                return
            told.write(heard)
        else:
            connection.sendall(tell.read())
            return
