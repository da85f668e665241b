"""What the stand-in for Pinecone holds: indexes, their namespaces, and what of a namespace can be seen yet."""

import json
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Any

Vector = Mapping[str, Any]
Filter = Mapping[str, Any]


class Refusal(Exception):
    """What a request is answered with when it is not done."""

    def __init__(self, status: int, message: str, code: int = 3) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "details": []}


@dataclass
class Namespace:
    """Vectors by id, as readers see them, and writes that they do not see yet."""

    seen: dict[str, Vector] = field(default_factory=dict)
    waiting: list[tuple[int, float, Callable[[dict[str, Vector]], None]]] = field(default_factory=list)
    written: int = 0
    shown: int = 0

    def write(self, change: Callable[[dict[str, Vector]], None], seen_at: float) -> int:
        """Take a write in; readers see it from `seen_at` on."""
        self.written += 1
        self.waiting.append((self.written, seen_at, change))
        return self.written

    def catch_up(self, now: float) -> "Namespace":
        """Show what is due, in order."""
        while self.waiting and self.waiting[0][1] <= now:
            self.shown, _, change = self.waiting.pop(0)
            change(self.seen)
        return self


@dataclass
class Index:
    """One index. `delay`: seconds after which a write is seen; None for not until somebody says so."""

    name: str
    dimension: int
    metric: str = "cosine"
    delay: float | None = 0.0
    namespaces: dict[str, Namespace] = field(default_factory=dict)

    def namespace(self, name: str, *, making: bool = False) -> Namespace | None:
        """A namespace as it is seen now; writing makes it."""
        if making and name not in self.namespaces:
            self.namespaces[name] = Namespace()
        found = self.namespaces.get(name)
        return found.catch_up(time.monotonic()) if found else None

    def show(self) -> None:
        """Let readers see everything from now on."""
        self.delay = 0.0
        for namespace in self.namespaces.values():
            namespace.catch_up(math.inf)

    def _seen_at(self) -> float:
        return math.inf if self.delay is None else time.monotonic() + self.delay

    def upsert(self, name: str, vectors: Sequence[Vector]) -> int:
        """Put vectors; gives the write's number."""
        if not vectors:
            raise Refusal(400, "No vectors provided for upsert")
        if len(vectors) > 1_000:
            raise Refusal(400, "Batch size exceeds 1000")
        for vector in vectors:
            self._check(vector)
        whole = {vector["id"]: {**vector, "norm": math.hypot(*vector["values"])} for vector in vectors}
        namespace = self.namespace(name, making=True)
        assert namespace is not None
        return namespace.write(lambda seen: seen.update(whole), self._seen_at())

    def _check(self, vector: Vector) -> None:
        id_, values = vector.get("id"), vector.get("values", [])
        if not isinstance(id_, str) or not id_:
            raise Refusal(400, "Vector ID must not be empty")
        if len(id_) > 512 or not id_.isascii():
            raise Refusal(400, f"Vector ID must be ASCII, and at most 512 characters, but got {id_!r}")
        self.check_length(values)
        if not any(values):
            raise Refusal(400, "Dense vectors must contain at least one non-zero value.")
        about = vector.get("metadata") or {}
        size = len(json.dumps(about, ensure_ascii=False).encode())
        if size > 40 * 1024:
            raise Refusal(400, f"Metadata size is {size} bytes, which exceeds the limit of 40960 bytes per vector")
        for name, value in about.items():
            listed = isinstance(value, list) and all(isinstance(one, str) for one in value)
            if not (isinstance(value, str | bool | int | float) or listed):
                raise Refusal(400, f"Metadata value must be a string, number, boolean or list of strings, got {name}")

    def check_length(self, values: Sequence[float]) -> None:
        """Whether a vector is as long as those of the index."""
        if len(values) != self.dimension:
            raise Refusal(
                400, f"Vector dimension {len(values)} does not match the dimension of the index {self.dimension}"
            )

    def delete(self, name: str, ids: Collection[str] | None, where: Filter | None, *, everything: bool) -> int:
        """Delete vectors; gives the write's number."""
        namespace = self.namespace(name)
        if namespace is None:
            raise Refusal(404, "Namespace not found", code=5)
        if ids is not None and len(ids) > 1_000:
            raise Refusal(400, "The number of ids exceeds 1000")

        def change(seen: dict[str, Vector]) -> None:
            for id_ in list(seen):
                if everything or (id_ in ids if ids is not None else has(seen[id_].get("metadata") or {}, where or {})):
                    del seen[id_]

        return namespace.write(change, self._seen_at())

    def query(
        self, name: str, vector: Sequence[float], top_k: int, where: Filter | None
    ) -> tuple[list[tuple[float, Vector]], int]:
        """The closest vectors with their scores, and up to which write was seen."""
        if not 1 <= top_k <= 10_000:
            raise Refusal(400, f"top_k must be between 1 and 10000, got {top_k}")
        self.check_length(vector)
        namespace = self.namespace(name)
        if namespace is None:
            return [], 0
        norm = math.hypot(*vector)
        scored = [
            (sum(map(mul, vector, held["values"])) / (norm * held["norm"]), held)
            for held in namespace.seen.values()
            if where is None or has(held.get("metadata") or {}, where)
        ]
        return sorted(scored, key=lambda pair: (-pair[0], pair[1]["id"]))[:top_k], namespace.shown


def has(about: Mapping[str, Any], where: Filter) -> bool:
    """Whether metadata passes a filter (https://docs.pinecone.io/guides/index-data/indexing-overview#metadata)."""
    return all(_passes(about, name, wanted) for name, wanted in where.items())


def _passes(about: Mapping[str, Any], name: str, wanted: Any) -> bool:
    if name in {"$and", "$or"}:
        if not isinstance(wanted, list) or not wanted:
            raise Refusal(400, f"the {name} operator must be followed by a list of filters")
        return (all if name == "$and" else any)(has(about, one) for one in wanted)
    if name.startswith("$"):
        raise Refusal(400, f"{name} is not a valid operator")
    conditions = wanted if isinstance(wanted, dict) else {"$eq": wanted}
    return all(_compared(about.get(name), operator, value, name in about) for operator, value in conditions.items())


def _compared(held: Any, operator: str, value: Any, there: bool) -> bool:
    values = held if isinstance(held, list) else [held]
    match operator:
        case "$eq":
            return there and value in values
        case "$ne":
            return value not in values
        case "$in" | "$nin":
            if not isinstance(value, list) or len(value) > 10_000:
                raise Refusal(400, f"the {operator} operator takes a list of at most 10000 values")
            among = there and any(one in value for one in values)
            return among if operator == "$in" else not among
        case "$exists":
            return there is value
        case "$gt" | "$gte" | "$lt" | "$lte":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise Refusal(400, f"the {operator} operator must be followed by a number")
            number = isinstance(held, int | float) and not isinstance(held, bool)
            return (
                number
                and {"$gt": held > value, "$gte": held >= value, "$lt": held < value, "$lte": held <= value}[operator]
            )
    raise Refusal(400, f"{operator} is not a valid operator")
