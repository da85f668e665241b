import json
import tracemalloc
from pathlib import Path

import pytest

from adapters.sources.deliveries import LINE_LIMIT, Delivery, Line, read_deliveries
from domain.errors import SourceUnusable

GOOD = {"source": "github", "headers": {"X-GitHub-Event": "ping"}, "body": {"zen": "Speak like a human."}}
MEGABYTE = 1024 * 1024


def read(path: Path, *lines: bytes | str | object) -> list[Line]:
    with path.open("wb") as file:
        for line in lines:
            text = (
                line
                if isinstance(line, bytes)
                else line.encode()
                if isinstance(line, str)
                else json.dumps(line).encode()
            )
            file.write(text + b"\n")
    return list(read_deliveries(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recorded.ndjson"


def test_every_line_is_a_delivery(path: Path) -> None:
    assert read(path, GOOD, {"source": "notion", "body": None}) == [
        Line(1, Delivery("github", {"X-GitHub-Event": "ping"}, {"zen": "Speak like a human."})),
        Line(2, Delivery("notion", {}, None)),
    ]


def test_empty_lines_count_and_say_nothing(path: Path) -> None:
    assert [line.number for line in read(path, "", GOOD, "  ", "\r", GOOD)] == [2, 5]


def test_the_last_line_needs_no_end(path: Path) -> None:
    path.write_text(json.dumps(GOOD) + "\r\n" + json.dumps(GOOD))
    assert [line.problem for line in read_deliveries(path)] == [None, None]


def test_a_byte_order_mark_is_no_part_of_the_first_line(path: Path) -> None:
    path.write_text(json.dumps(GOOD), encoding="utf-8-sig")
    assert [line.problem for line in read_deliveries(path)] == [None]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        ("nothing", "not JSON: Expecting value at column 1"),
        ('{"source": NaN}', "not JSON that can be read: NaN is not a value of JSON"),
        ('{"source": ' + "9" * 5_000 + "}", "not JSON that can be read: Exceeds the limit"),
        ("[]", "not an object: expected {source, headers, body}"),
        ("7", "not an object: expected {source, headers, body}"),
        ("{}", "source: expected one of github, jira, notion, prometheus"),
        ('{"source": "gitlab", "headers": {}, "body": {}}', "source: expected one of"),
        ('{"source": ["github"], "headers": {}, "body": {}}', "source: expected one of"),
        ('{"source": "github", "headers": [], "body": {}}', "headers: expected an object of texts"),
        ('{"source": "github", "headers": {"a": 1}, "body": {}}', "headers: expected an object of texts"),
        ('{"source": "github", "headers": {}}', "body: expected one"),
        (b'{"source": "\xff"}', "not UTF-8: invalid start byte at byte 12"),
        (b'{"source": "\xed\xa0\x80"}', "not UTF-8: invalid continuation byte at byte 12"),
        (json.dumps(GOOD).encode("utf-16"), "not UTF-8: invalid start byte at byte 0"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 200_000, "nested too deeply"),
    ],
)
def test_a_bad_line_costs_itself_alone(path: Path, line: bytes | str, problem: str) -> None:
    bad, good = read(path, line, GOOD)
    assert (bad.number, bad.delivery) == (1, None)
    assert bad.problem
    assert bad.problem.startswith(problem)
    assert good == Line(2, Delivery(GOOD["source"], GOOD["headers"], GOOD["body"]))  # type: ignore[arg-type]  # as it is


def test_lone_surrogates_and_keys_given_twice_are_fine(path: Path) -> None:
    (line,) = read(path, r'{"source": "jira", "source": "github", "headers": {}, "body": {"x": "\ud800"}}')
    assert line.delivery == Delivery("github", {}, {"x": "\ud800"})


def test_a_line_of_thirty_megabytes_is_refused_without_being_held_twice(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'{"source": "github", "headers": {}, "body": "')
        for _ in range(30):
            file.write(b"x" * MEGABYTE)
        file.write(b'"}\n' + json.dumps(GOOD).encode())
    tracemalloc.start()
    try:
        refused, good = read_deliveries(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused == Line(1, problem="larger than 25 MB")
    assert good.delivery
    assert good.number == 2
    assert peak < LINE_LIMIT * 1.5


def test_a_line_of_thirty_megabytes_at_the_end_is_refused_too(path: Path) -> None:
    path.write_bytes(json.dumps(GOOD).encode() + b"\n" + b"x" * 30 * MEGABYTE)
    assert [line.problem for line in read_deliveries(path)] == [None, "larger than 25 MB"]


def test_a_line_of_just_under_the_limit_is_read(path: Path) -> None:
    empty = json.dumps({**GOOD, "body": ""})
    (line,) = read(path, {**GOOD, "body": "x" * (LINE_LIMIT - len(empty) - 1)})
    assert line.delivery


def test_lines_are_read_one_at_a_time(path: Path) -> None:
    with path.open("w") as file:
        for _ in range(2_000):
            file.write(json.dumps({**GOOD, "body": "x" * 10_000}) + "\n")
    tracemalloc.start()
    try:
        count = sum(line.delivery is not None for line in read_deliveries(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 2_000
    assert peak < 2 * MEGABYTE


@pytest.mark.parametrize("name", ["missing.ndjson", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceUnusable, match=r"cannot be read: (No such file|Is a directory)"):
        next(read_deliveries(tmp_path / name))
