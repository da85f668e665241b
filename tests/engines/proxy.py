"""A server between AWS's client and moto, which answers in AWS's place where a test says so."""

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError

Answer = tuple[int, dict[str, Any]]
Forward = Callable[[dict[str, Any]], Answer]


@contextmanager
def between(url: str, answer: Callable[[str, dict[str, Any], Forward], Answer]) -> Iterator[str]:
    """The address of a server before `url`.

    Args:
        url: where requests go on to.
        answer: gets the operation, its arguments, and what asks the server behind; gives a status and a body.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}

            def forward(arguments: dict[str, Any]) -> Answer:
                request = urllib.request.Request(url, json.dumps(arguments).encode(), headers, method="POST")
                try:
                    with urllib.request.urlopen(request) as reply:
                        return reply.status, json.loads(reply.read() or b"{}")
                except HTTPError as error:
                    return error.code, json.loads(error.read() or b"{}")

            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            status, told = answer(operation, json.loads(body or b"{}"), forward)
            text = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
