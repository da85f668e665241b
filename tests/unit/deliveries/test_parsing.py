"""What JSON leaves open is decided once: which bodies are read, and as what."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.deliveries import parsed
from domain.errors import InvalidInput


@pytest.mark.parametrize(
    "body",
    [b'{"id": 1, "id": 2}', b'{"id": {"a": 1}, "\\u0069d": 2}', b'{"x": "\\ud800", "id": 1, "id": 2}'],
)
def test_of_a_name_that_stands_twice_the_last_counts(body: bytes) -> None:
    """Whichever reader is at work: the second case is for the slower one."""
    assert parsed(body)["id"] == 2


def test_half_a_surrogate_pair_is_read() -> None:
    """People paste such things; `domain.text` makes it a replacement character."""
    assert parsed(b'{"text": "\\ud83d"}') == {"text": "\ud83d"}


def test_a_large_number_is_read_as_it_is() -> None:
    """Where it should have counted something it is refused, by its name."""
    assert parsed(b'{"id": %d}' % 10**400) == {"id": 10**400}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "not JSON"),
        (b"NaN", "not JSON"),
        (b'{"x": Infinity}', "not JSON"),
        (b'{"x": 1e999}', "not JSON"),
        (b'{"x": ' + b"9" * 5_000 + b"}", "not JSON"),
        (b"payload=%7B%7D", "application/json"),
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b"[" * 100_000, "deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deeply"),
        (b'{"a": 1} {"a": 2}', "not JSON"),
    ],
)
def test_what_is_not_json_is_refused_with_what_to_do(body: bytes, expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        parsed(body)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """And never anything else."""
    with suppress(InvalidInput):
        parsed(body)


NUMBERS = st.integers(-(2**63), 2**64) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text()


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))
def test_what_json_says_is_read(value: object) -> None:
    """The same that the standard library reads."""
    body = json.dumps(value).encode()
    assert parsed(body) == json.loads(body)
