"""The parser of `git log` finds exactly the commits that were written, wherever its input was cut."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources.git.commits import Record, records
from adapters.sources.git.decode import nul_separated
from domain.events import FILES_KEPT

FIELD = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b"", b"\n", b"1\t2\tfake.py", b"\n1\t2\tfake.py", b"-\t-\t", b"\t", b"0" * 40, b"commit x", b"\x01"]
    ),
).map(lambda raw: raw.replace(b"\0", b""))
PATH = FIELD.filter(bool)
COUNT = st.one_of(st.integers(0, 10**6).map(lambda n: b"%d" % n), st.just(b"-"))
FILE = st.tuples(COUNT, COUNT, PATH, st.one_of(st.none(), PATH))
"""Lines added, lines deleted, path, and the path before if the file was renamed."""
SHA = st.binary(min_size=20, max_size=20).map(lambda raw: raw.hex().encode())
COMMIT = st.tuples(SHA, st.tuples(FIELD, FIELD, FIELD, FIELD, FIELD, FIELD), st.lists(FILE, max_size=4))

Written = tuple[bytes, tuple[bytes, ...], Sequence[tuple[bytes, bytes, bytes, bytes | None]]]


def printed(commit: Written) -> bytes:
    """A commit as `git log -z --numstat` prints it."""
    sha, fields, files = commit
    text = b"".join(field + b"\0" for field in (sha, *fields))
    for number, (added, deleted, path, former) in enumerate(files):
        text += b"" if number else b"\n"
        text += b"%s\t%s\t" % (added, deleted)
        text += b"\0%s\0%s\0" % (former, path) if former is not None else b"%s\0" % path
    return text


def parsed(record: Record) -> Written:
    fields = (record.parents, record.name, record.mail, record.authored, record.committed, record.message)
    return record.sha, fields, [(added, deleted, path, None) for added, deleted, path in record.files]


@settings(max_examples=100, deadline=None)
@given(commits=st.lists(COMMIT, max_size=5), size=st.integers(1, 80))
def test_what_was_written_is_what_is_read(commits: list[Written], size: int) -> None:
    stream = b"".join(map(printed, commits))
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    expected = [(sha, fields, [(*file[:3], None) for file in files]) for sha, fields, files in commits]
    assert [parsed(record) for record in records(chunks)] == expected


@settings(max_examples=100, deadline=None)
@given(chunks=st.lists(st.binary(max_size=60) | st.sampled_from([b"\0", b"\0" * 9, b"a\tb\0", b"\t\t\0"]), max_size=12))
def test_no_bytes_make_it_fail(chunks: list[bytes]) -> None:
    for record in records(chunks):
        assert record.files_total >= len(record.files)


@settings(max_examples=50, deadline=None)
@given(pieces=st.lists(FIELD, max_size=8), size=st.integers(1, 20))
def test_pieces_are_those_between_the_nul_bytes(pieces: list[bytes], size: int) -> None:
    stream = b"".join(piece + b"\0" for piece in pieces)
    assert list(nul_separated(stream[at : at + size] for at in range(0, len(stream), size))) == pieces


def test_files_beyond_the_limit_are_counted_and_not_held() -> None:
    many = [(b"1", b"0", b"%d.c" % number, None) for number in range(FILES_KEPT + 1)]
    [record] = records([printed((b"a" * 40, (b"",) * 6, many))])
    assert (record.files, record.files_total) == ([], FILES_KEPT + 1)
