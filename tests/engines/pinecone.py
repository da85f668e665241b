"""A stand-in for Pinecone on loopback, which the vendor's own client talks to: `with running() as pinecone:`.

Built from the published API (version 2026-07, the Vectors API and the indexes of the control plane): upsert, query
with metadata filters, fetch, delete by ids, filter and all, list by prefix and page by page, statistics, namespaces;
describe and create an index; the limits of a request; keys that are refused, indexes that are not there, 429 with
Retry-After; and that what is written is seen later, with the numbers of writes in `x-pinecone-request-lsn` and
`x-pinecone-max-indexed-lsn`.

What it does not play: sparse vectors, `update`, `fetch_by_metadata`, imports, the Documents API, quotas, and any search
that is not exact. Where the documentation is silent, it does what follows: a search, a fetch or a list in a namespace
that is not there finds nothing, and a delete there is 404; `$ne` and `$nin` let pass what does not have the field.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.engines.pinecone_state import Index, Refusal
from tests.engines.serving import JsonFace, served

KEY = "pcsk_a-key-for-tests"
_LARGEST = 2 * 1024 * 1024
_PAGE = 100


@dataclass
class Trouble:
    """What the next requests get in place of an answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    path: str = ""
    """Only requests whose path begins so."""


@dataclass
class Pinecone:
    """The stand-in: what it holds, and what it is told to do wrong."""

    url: str
    indexes: dict[str, Index] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Every request: its method and its path."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """What was posted, in order."""
    before: Callable[[str], None] = lambda _: None
    """Called with the path of every request before it is answered."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def mend(self) -> None:
        """Let nothing be wrong any more, and forget what was asked."""
        self.troubles.clear()
        self.requests.clear()
        self.bodies.clear()
        self.before = lambda _: None
        for index in self.indexes.values():
            index.show()

    def index(self, name: str, dimension: int, **options: Any) -> Index:
        """An index, made anew."""
        self.indexes[name] = Index(name, dimension, **options)
        return self.indexes[name]

    def host(self, name: str) -> str:
        """Where an index is: as the control plane tells it."""
        return f"{self.url}/host/{name}"

    def vectors(self, name: str, namespace: str) -> Mapping[str, Mapping[str, Any]]:
        """What can be seen in a namespace."""
        found = self.indexes[name].namespace(namespace)
        return dict(found.seen) if found else {}

    def trouble(self, path: str) -> Trouble | None:
        """What a request to `path` gets in place of an answer."""
        for trouble in self.troubles:
            if trouble.times and path.startswith(trouble.path):
                trouble.times -= 1
                return trouble
        return None


class _Face(JsonFace):
    """HTTP as Pinecone speaks it."""

    pinecone: Pinecone

    def answer(self) -> None:
        """Answer, or fail as it was told."""
        raw = self.body()
        path = urlsplit(self.path).path
        first, _, rest = path.removeprefix("/host/").partition("/")
        inside = f"/{rest}" if path.startswith("/host/") else path
        self.pinecone.requests.append((self.command, inside))
        self.pinecone.before(inside)
        trouble = self.pinecone.trouble(inside)
        try:
            if trouble:
                self.send(trouble.status, Refusal(trouble.status, "as it was told", code=8).body, trouble.headers)
            elif len(raw) > _LARGEST and inside == "/vectors/upsert":
                self.send(413, Refusal(413, "Request body exceeds 2 MB", code=11).body)
            elif self.headers.get("Api-Key") != KEY:
                refused = {"code": "UNAUTHENTICATED", "message": "Invalid API Key"}
                self.send(401, {"error": refused, "status": 401})
            elif path.startswith("/host/"):
                body = json.loads(raw) if raw else {}
                with self.pinecone.lock:
                    self.pinecone.bodies.append(body)
                    answer = self._data(first, inside, body)
                self.send(200, *answer)
            else:
                self._control(path, json.loads(raw) if raw else {})
        except Refusal as refusal:
            self.send(refusal.status, refusal.body)
        except ValueError:
            self.send(400, Refusal(400, "the request is no JSON").body)

    def _data(self, name: str, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        index = self.pinecone.indexes.get(name)
        if index is None:
            raise Refusal(404, "Index not found", code=5)
        asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        one = {key: values[0] for key, values in asked.items()}
        space = (body.get("namespace") or one.get("namespace") or "").replace("__default__", "")
        answers: dict[tuple[str, str], Callable[[], tuple[dict[str, Any], dict[str, str]]]] = {
            ("POST", "/vectors/upsert"): lambda: self._upserted(index, space, body),
            ("POST", "/query"): lambda: self._queried(index, space, body),
            ("GET", "/vectors/fetch"): lambda: (self._fetched(index, space, asked.get("ids", [])), {}),
            ("POST", "/vectors/delete"): lambda: self._deleted(index, space, body),
            ("GET", "/vectors/list"): lambda: (self._listed(index, space, one), {}),
            ("POST", "/describe_index_stats"): lambda: (self._stats(index), {}),
            ("GET", "/namespaces"): lambda: (self._namespaces(index), {}),
        }
        return answers.get((self.command, path), self._nothing)()

    def _nothing(self) -> tuple[dict[str, Any], dict[str, str]]:
        raise Refusal(404, f"no such path: {self.path}", code=5)

    def _upserted(self, index: Index, space: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        number = index.upsert(space, body.get("vectors") or [])
        return {"upsertedCount": len(body["vectors"])}, {"x-pinecone-request-lsn": str(number)}

    def _deleted(self, index: Index, space: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        number = index.delete(space, body.get("ids"), body.get("filter"), everything=bool(body.get("deleteAll")))
        return {}, {"x-pinecone-request-lsn": str(number)}

    def _fetched(self, index: Index, space: str, ids: Sequence[str]) -> dict[str, Any]:
        if len(ids) > 1_000:
            raise Refusal(400, "The number of ids exceeds 1000")
        seen = found.seen if (found := index.namespace(space)) else {}
        return {"vectors": {id_: _told(seen[id_]) for id_ in ids if id_ in seen}, "namespace": space}

    def _namespaces(self, index: Index) -> dict[str, Any]:
        names = [{"name": n or "__default__", "record_count": len(s.seen)} for n, s in index.namespaces.items()]
        return {"namespaces": names, "total_count": len(names)}

    def _queried(self, index: Index, space: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        found, shown = index.query(space, body.get("vector") or [], body.get("topK", 0), body.get("filter"))
        matches = []
        for score, held in found:
            match = {"id": held["id"], "score": score, "values": held["values"] if body.get("includeValues") else []}
            if body.get("includeMetadata") and held.get("metadata"):
                match["metadata"] = held["metadata"]
            matches.append(match)
        answer = {"matches": matches, "namespace": space, "usage": {"readUnits": 1}}
        return answer, {"x-pinecone-max-indexed-lsn": str(shown)}

    def _listed(self, index: Index, space: str, asked: Mapping[str, str]) -> dict[str, Any]:
        limit = int(asked.get("limit", _PAGE))
        if not 1 <= limit <= _PAGE:
            raise Refusal(400, "limit must be between 1 and 100")
        seen = found.seen if (found := index.namespace(space)) else {}
        after = asked.get("paginationToken", "")
        ids = [id_ for id_ in sorted(seen) if id_.startswith(asked.get("prefix", "")) and id_ > after]
        page: dict[str, Any] = {"vectors": [{"id": id_} for id_ in ids[:limit]], "namespace": space}
        return page | ({"pagination": {"next": ids[limit - 1]}} if len(ids) > limit else {})

    def _stats(self, index: Index) -> dict[str, Any]:
        counts = {name: len(space.seen) for name in index.namespaces if (space := index.namespace(name))}
        return {
            "namespaces": {name or "__default__": {"vectorCount": n} for name, n in counts.items() if n},
            "dimension": index.dimension,
            "metric": index.metric,
            "vectorType": "dense",
            "indexFullness": 0,
            "totalVectorCount": sum(counts.values()),
        }

    def _control(self, path: str, body: dict[str, Any]) -> None:
        name = unquote(path.removeprefix("/indexes").strip("/"))
        if self.command == "POST" and path == "/indexes":
            [fields] = [body["schema"]["fields"]]
            dense = fields["_values"]
            self.pinecone.index(body["name"], dense["dimension"], metric=dense.get("metric", "cosine"))
            return self.send(201, self._model(body["name"]))
        if self.command == "GET" and name in self.pinecone.indexes:
            return self.send(200, self._model(name))
        missing = {"code": "NOT_FOUND", "message": f"Resource {name} not found"}
        return self.send(404, {"error": missing, "status": 404})

    def _model(self, name: str) -> dict[str, Any]:
        index = self.pinecone.indexes[name]
        dense = {"type": "dense_vector", "dimension": index.dimension, "metric": index.metric}
        return {
            "id": f"id-{name}",
            "name": name,
            "host": self.pinecone.host(name),
            "status": {"ready": True, "state": "Ready"},
            "schema": {"version": "v1", "fields": {"_values": dense}},
            "deployment": {"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"},
            "read_capacity": {"mode": "OnDemand", "status": {"state": "Ready"}},
            "deletion_protection": "disabled",
            "tags": {},
        }


def _told(held: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in held.items() if name != "norm"}


@contextmanager
def running() -> Iterator[Pinecone]:
    """The stand-in, in threads of its own; it is stopped at the end."""
    pinecone = Pinecone("")
    with served(type("Face", (_Face,), {"pinecone": pinecone})) as url:
        pinecone.url = url
        yield pinecone
