"""What stand-ins on loopback share: an HTTP server in threads of its own that answers in JSON."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class JsonFace(BaseHTTPRequestHandler):
    """Connections that stay, and one packet an answer: a second one would wait until the first is heard of."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Tests have nobody who reads it."""

    def answer(self) -> None:
        """Answer what is asked; `command` says how."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer."""
        self.answer()

    def do_POST(self) -> None:
        """Answer."""
        self.answer()

    def do_DELETE(self) -> None:
        """Answer."""
        self.answer()

    def body(self) -> bytes:
        """What was sent."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send(self, status: int, told: object, headers: Mapping[str, str] | None = None) -> None:
        """Answer in JSON; bytes go out as they are. Whoever asked may be dead."""
        sent = told if isinstance(told, bytes) else json.dumps(told).encode()
        with suppress(ConnectionError):
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)
            self.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Quiet: a client that was killed leaves a broken connection."""


@contextmanager
def served(face: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address at which `face` answers, on a free port of loopback; it is stopped at the end."""
    server = _Server(("127.0.0.1", 0), face)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
