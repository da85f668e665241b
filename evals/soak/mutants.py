"""Deliveries with something wrong: each number gives the same one for good, so that whatever breaks can be looked at.

Four in five are signed after they were broken, as by a sender that has a fault: they get past the door.
"""

import copy
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from evals.soak.payloads import DELIVERIES, SENT_AT, signature

_SIGNED: Final = 0.8
_ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, 2**31, 2**53 + 1, 2**63, -(2**64), 10**400, 1e308, -0.0, "", " ", "x" * 5_000,
    "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u202eevil", "\U000e0041", "e\u0301" * 50, "NaN", "null",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-11-20T18:30:00",
    "2026-13-45T99:99:99Z", "../../etc",
    "'; DROP TABLE log; --", "{{7*7}}", "%s%n", [], {}, [[]], [None], {"": ""}, {"id": None}, ["a", 1, None, {}],
)  # fmt: skip
_ROUTES: Final = ("github", "jira", "notion", "slack", "alertmanager", "gitlab", "a%2Fb")
_LITERALS: Final = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"9" * 5_000,
    b"01",
    b"0x1F",
    b"1e-999",
    b"-",
    b'"\\ud83d"',
)
_HEADERS: Final = (
    "",
    " ",
    "\x7f",
    "ä" * 50,
    "x" * 4_000,
    "sha256=",
    "v0=",
    "Bearer",
    "Basic ====",
    "Basic Og==",
    "null",
    "0",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One delivery.

    Shape:
        sender: whose route it goes to.
        headers: of the request; header names in any case.
        body: what was sent.
        signed: whether its signature is right for its body.
    """

    sender: str
    headers: Mapping[str, str]
    body: bytes
    signed: bool


def mutant(number: int) -> Mutant:
    """The delivery `number`."""
    dice = random.Random(number)  # noqa: S311 - the same for everybody
    sender, headers, payload = dice.choice(DELIVERIES)()
    named = {name: f"{value}-{number}" if name.endswith(("Delivery", "Identifier")) else value
             for name, value in headers.items()}  # fmt: skip
    for _ in range(dice.randint(0, 4)):
        dice.choice(_VALUES)(dice, payload)
    body = _written(dice, payload)
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2))):
        body = dice.choice(_BYTES)(dice, body)
    signed = _likely(dice, _SIGNED)
    proof = dict(signature(sender, body))
    if not signed:
        dice.choice(_PROOFS)(dice, proof)
    if _likely(dice, 0.1):
        named[dice.choice([*named, "X-GitHub-Event", "X-Forwarded-For"])] = dice.choice(_HEADERS)
    if _likely(dice, 0.02):
        sender, signed = dice.choice([other for other in _ROUTES if other != sender]), False
    together = {**named, **proof}
    if _likely(dice, 0.1):
        together = {name.upper(): value for name, value in together.items()}
    return Mutant(sender, together, body, signed)


def _likely(dice: random.Random, probability: float) -> bool:
    return dice.random() < probability


def _places(value: object, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every place in `value` that something stands at, as what holds it and the key or index there."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            found.append((value, key))
            _places(value[key], found)
    return found


def _drop(dice: random.Random, payload: Any) -> None:  # noqa: ANN401 - JSON
    place, key = dice.choice(_places(payload, []) or [({"x": 0}, "x")])
    del place[key]


def _replace(dice: random.Random, payload: Any) -> None:  # noqa: ANN401 - JSON
    place, key = dice.choice(_places(payload, []) or [({"x": 0}, "x")])
    place[key] = copy.deepcopy(dice.choice(_ODD))


def _swap(dice: random.Random, payload: Any) -> None:  # noqa: ANN401 - JSON
    places = _places(payload, []) or [({"x": 0}, "x")]
    (there, key), (from_, other) = dice.choice(places), dice.choice(places)
    there[key] = copy.deepcopy(from_[other]) if other in from_ or isinstance(from_, list) else None


def _nest(dice: random.Random, payload: Any) -> None:  # noqa: ANN401 - JSON
    place, key = dice.choice(_places(payload, []) or [({"x": 0}, "x")])
    for _ in range(dice.choice((3, 30, 120))):
        place[key] = [place[key]] if _likely(dice, 0.5) else {"content": place[key], "type": "doc"}


def _repeat(dice: random.Random, payload: Any) -> None:  # noqa: ANN401 - JSON
    lists = [place[key] for place, key in _places(payload, []) if isinstance(place[key], list)]
    if lists:
        chosen = dice.choice(lists)
        chosen.extend(copy.deepcopy(chosen) * dice.choice((1, 5, 50)))


_VALUES: Final[tuple[Callable[[random.Random, Any], None], ...]] = (
    _drop,
    _replace,
    _replace,
    _replace,
    _swap,
    _nest,
    _repeat,
)


def _written(dice: random.Random, payload: object) -> bytes:
    try:
        text = json.dumps(payload, ensure_ascii=_likely(dice, 0.5))
    except (RecursionError, ValueError):  # an integer with more digits than Python likes to write
        text = "{}"
    return text.encode(errors="surrogatepass")


def _flip(dice: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(dice.choice((1, 3, 30))):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _cut(dice: random.Random, body: bytes) -> bytes:
    return body[: dice.randrange(len(body) + 1)]


def _insert(dice: random.Random, body: bytes) -> bytes:
    where = dice.randrange(len(body) + 1)
    return body[:where] + dice.randbytes(dice.choice((1, 10, 100))) + body[where:]


def _literal(dice: random.Random, body: bytes) -> bytes:
    """A number, or something else behind a colon, becomes what JSON does not know."""
    found = body.split(b": ")
    if len(found) < 2:  # noqa: PLR2004 - a colon stands between two
        return body
    where = dice.randrange(1, len(found))
    rest = found[where].partition(b",")
    found[where] = dice.choice(_LITERALS) + rest[1] + rest[2]
    return b": ".join(found)


def _twice(dice: random.Random, body: bytes) -> bytes:
    """A name that stands twice in one object, with two values."""
    name = dice.choice((b'"id"', b'"type"', b'"repository"', b'"action"', b'"event_id"', b'"version"', b'"issue"'))
    value = dice.choice((b"null", b"1", b'"x"', b"{}", b"[]"))
    if _likely(dice, 0.5):
        return body.replace(b"{", b"{" + name + b": " + value + b", ", 1)
    return body[:-1] + b", " + name + b": " + value + b"}" if body.endswith(b"}") else body


def _deep(dice: random.Random, body: bytes) -> bytes:
    depth = dice.choice((500, 5_000, 50_000))
    bracket = dice.choice(((b"[", b"]"), (b'{"a":', b"}")))
    inner = bracket[0] * depth + (b"1" + bracket[1] * depth if _likely(dice, 0.7) else b"")
    return inner if _likely(dice, 0.3) else body.replace(b"{", b'{"deep": ' + inner + b", ", 1)


def _other(dice: random.Random, body: bytes) -> bytes:
    in_utf16 = body.decode(errors="replace").encode("utf-16")
    nothing = (b"", b"null", b"[]", b"{}", b"1", b'"x"', b" " * 100_000, b"[" + b"1," * 50_000 + b"1]")
    wrapped = (b"\xef\xbb\xbf" + body, in_utf16, b"payload=" + body, body + body, b"\x1f\x8b\x08" + body)
    return dice.choice(nothing + wrapped)


_BYTES: Final[tuple[Callable[[random.Random, bytes], bytes], ...]] = (
    _flip,
    _cut,
    _insert,
    _literal,
    _twice,
    _deep,
    _other,
)


def _no_proof(_dice: random.Random, proof: dict[str, str]) -> None:
    proof.clear()


def _wrong_proof(dice: random.Random, proof: dict[str, str]) -> None:
    for name in proof:
        proof[name] = dice.choice(_HEADERS)


def _bent_proof(dice: random.Random, proof: dict[str, str]) -> None:
    name = dice.choice(list(proof))
    value = proof[name]
    where = dice.randrange(len(value))
    proof[name] = value[:where] + chr((ord(value[where]) + 1) % 127 or 65) + value[where + 1 :]


def _late_proof(dice: random.Random, proof: dict[str, str]) -> None:
    for name in proof:
        proof[name] = (
            str(SENT_AT + dice.choice((-301, 301, 10**9))) if name.endswith("Timestamp") else proof[name][::-1]
        )


_PROOFS: Final[tuple[Callable[[random.Random, dict[str, str]], None], ...]] = (
    _no_proof,
    _wrong_proof,
    _bent_proof,
    _late_proof,
)
