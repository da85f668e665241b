"""A server between AWS's client and moto, which answers in AWS's place where a test says so."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError

from tests.engines.serving import JsonFace, served

Answer = tuple[int, dict[str, Any]]
Forward = Callable[[dict[str, Any]], Answer]


@contextmanager
def between(url: str, answer: Callable[[str, dict[str, Any], Forward], Answer]) -> Iterator[str]:
    """The address of a server before `url`.

    Args:
        url: where requests go on to.
        answer: gets the operation, its arguments, and what asks the server behind; gives a status and a body.
    """

    class Handler(JsonFace):
        protocol_version = "HTTP/1.0"  # a connection each

        def answer(self) -> None:
            body = self.body()
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
            self.send(status, told, {"Content-Type": "application/x-amz-json-1.1"})

    with served(Handler) as address:
        yield address
