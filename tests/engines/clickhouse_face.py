"""ClickHouse's HTTP interface over the real engine in this process: `python -m tests.engines.clickhouse_face FOLDER`.

It takes what the driver sends: statements in the body, the URL or a form, `param_*`, settings, compressed bodies,
users; and answers with ClickHouse's headers. https://clickhouse.com/docs/interfaces/http

Beside that a test may ask it to misbehave (`POST /face`): to do as told and lose the answer, to refuse, to be slow;
and what it was asked (`GET /face`).
"""

import base64
import json
import os
import queue
import re
import sys
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame  # type: ignore[import-untyped]  # it has none
from backports import zstd

_connect: Callable[[str], Any] = chdb.connect
"""Its type is said here: two packages bring that module, and whichever was installed last says it or does not."""
PASSWORDS = {"default": "", "engintel": "s3cret/@#", "reader": "r", "crowded": "c", "hurried": "h"}
READERS = {"reader"}
PROFILES = {
    "crowded": {"min_free_disk_bytes_to_perform_insert": str(10**18)},  # more than any disk has
    "hurried": {"min_execution_speed": str(10**15), "timeout_before_checking_execution_speed": "0"},
}
"""The settings that a user has anyway, which bring the engine to refuse what it does for others."""
_TRANSPORT = {
    "database", "query", "query_id", "session_id", "client_protocol_version", "enable_http_compression",
    "wait_end_of_query", "send_progress_in_http_headers", "http_headers_progress_interval_ms", "buffer_size", "role",
}  # fmt: skip
"""What the interface keeps to itself; the rest are settings."""
_FORMAT = re.compile(rb"\sFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT = re.compile(rb"\A\s*(INSERT\s+INTO\s+(\S+)\s*\(.*?\))\s+FORMAT\s+(\w+)\n", re.IGNORECASE | re.DOTALL)
_READS = re.compile(rb"\A(\s|--[^\n]*\n)*(SELECT|WITH|SHOW|DESC)", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)\. (.*)", re.DOTALL)
_STATUS = {"516": 403, "60": 404, "81": 404, "497": 403}


class Refusal(Exception):
    """What ClickHouse answers in place of a result."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {text}")


class Face(ThreadingHTTPServer):
    """The engine, a few connections to it, and what is to go wrong next."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.connections: queue.Queue[Any] = queue.Queue()
        for _ in range(4):
            self.connections.put(_connect(str(folder)))
        self.journal: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def fault(self, statement: bytes) -> dict[str, Any] | None:
        """What is to go wrong with `statement`; it goes wrong once."""
        plain = statement[:1_000].replace(b"`", b"").replace(b"INTO engintel.", b"INTO ")
        with self.lock:
            for fault in self.faults:
                if fault["on"].encode() in plain:
                    self.faults.remove(fault)
                    self.journal.append({"met": fault["on"]})
                    return fault
        return None

    def ask(self, statement: bytes, database: str, settings: dict[str, str], parameters: dict[str, str]) -> bytes:
        """What the engine answers."""
        connection = self.connections.get()
        try:
            connection.query(f"USE `{database}`")
            for name, value in settings.items():
                connection.query(f"SET {name} = {_quoted(value)}")
            form = _FORMAT.search(statement)
            return bytes(
                connection.query(
                    statement.decode(), form[1].decode() if form else "TabSeparated", params=parameters
                ).bytes()
            )
        except RuntimeError as error:
            told = _CODE.search(str(error))
            raise Refusal(int(told[1]) if told else 1001, told[2] if told else str(error)) from None
        finally:
            for name in settings:
                connection.query(f"SET {name} = DEFAULT")
            self.connections.put(connection)


class Request(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: Face

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """What was asked, or a sign of life."""
        self._answer(200, json.dumps(self.server.journal).encode() if self.path == "/face" else b"Ok.\n")

    def do_POST(self) -> None:
        """A statement, or what is to go wrong."""
        body = self._body()
        if self.path == "/face":
            self.server.faults.append(json.loads(body))
            self._answer(200, b"")
            return
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if self.headers.get_content_type() == "multipart/form-data":
            given |= _form(body, self.headers.get_param("boundary"))
            body = b""
        body = _unpacked(body, self.headers.get("Content-Encoding"))
        statement = (given.get("query", "").encode() + (b"\n" if "query" in given and body else b"")) + body
        try:
            self._do(statement, given)
        except Refusal as error:
            told = str(error)
            code = _CODE.search(told)
            assert code is not None
            self._answer(_STATUS.get(code[1], 500), told.encode(), {"X-ClickHouse-Exception-Code": code[1]})

    def _do(self, statement: bytes, given: dict[str, str]) -> None:
        user, password = self._user()
        if PASSWORDS.get(user) != password:
            raise Refusal(516, f"{user}: Authentication failed (AUTHENTICATION_FAILED)")
        if user in READERS and not _READS.match(statement):
            raise Refusal(164, f"{user}: Cannot execute query in readonly mode. (READONLY)")
        settings = {name: value for name, value in given.items() if name not in _TRANSPORT and "param_" not in name}
        settings |= PROFILES.get(user, {})
        parameters = {name[6:]: value for name, value in given.items() if name.startswith("param_")}
        with self.server.lock:
            head = statement[:200].decode(errors="replace")
            self.server.journal.append({"statement": head, "settings": settings, "parameters": parameters})
        fault = self.server.fault(statement) or {}
        if "code" in fault:
            raise Refusal(fault["code"], f"{fault.get('text', 'as a test wants it')} (AS_ASKED)")
        if "seconds" in fault:
            self._wait(fault["seconds"])
        answer = self._done(statement, given.get("database") or "default", settings, parameters)
        if fault.get("lose"):
            self.close_connection = True
            return
        headers = {"X-ClickHouse-Summary": "{}", "X-ClickHouse-Timezone": "UTC"}
        if answer:
            headers["X-ClickHouse-Format"] = "TabSeparated"
        if "lz4" in self.headers.get("Accept-Encoding", "") and given.get("enable_http_compression") == "1":
            answer, headers["Content-Encoding"] = lz4.frame.compress(answer), "lz4"
        self._answer(200, answer, headers)

    def _done(self, statement: bytes, database: str, settings: dict[str, str], parameters: dict[str, str]) -> bytes:
        insert = _INSERT.match(statement)
        if insert is None:
            return self.server.ask(statement, database, settings, parameters)
        with tempfile.NamedTemporaryFile(suffix=".native") as file:
            file.write(statement[insert.end() :])
            file.flush()
            told = f"{insert[1].decode()} FROM INFILE '{file.name}' FORMAT {insert[3].decode()}"
            return self.server.ask(told.encode(), database, settings, {})

    def _wait(self, seconds: float) -> None:
        """Be slow; whoever hangs up meanwhile is noted."""
        self.connection.settimeout(seconds)
        try:
            if self.connection.recv(1) == b"":
                self.server.journal.append({"hung up": True})
        except TimeoutError:
            pass
        self.connection.settimeout(None)

    def _user(self) -> tuple[str, str]:
        scheme, _, told = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return "default", ""
        user, _, password = base64.b64decode(told).decode().partition(":")
        return user, password

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _unpacked(body: bytes, how: str | None) -> bytes:
    match how:
        case "lz4":
            return bytes(lz4.frame.decompress(body))
        case "zstd":
            return zstd.decompress(body)
        case _:
            return body


def _form(body: bytes, boundary: Any) -> dict[str, str]:
    """The fields of a form, https://www.rfc-editor.org/rfc/rfc7578."""
    fields = {}
    for part in body.split(b"--" + str(boundary).encode())[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]+)"', head)
        assert name is not None
        fields[name[1].decode()] = value.removesuffix(b"\r\n").decode()
    return fields


def main() -> None:
    """Serve until standard input ends."""
    face = Face(Path(sys.argv[1]))
    threading.Thread(target=face.serve_forever, daemon=True).start()
    print(face.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)  # the engine takes its time to end, and nothing of it is kept


if __name__ == "__main__":
    main()
