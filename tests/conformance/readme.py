"""The part of `README.md` that comes from the baselines: `python -m tests.conformance.readme` writes it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.conformance.suite import REVISIONS, SERVERS, load_baseline

README: Final = Path(__file__).with_name("README.md")
BEGIN: Final = "<!-- written by tests/conformance/readme.py -->"
END: Final = "<!-- end -->"
HEADINGS: Final = {"plain": "as users get it", "fixtures": "with the fixtures"}


def filled(text: str) -> str:
    """`text` with its generated part as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n" + "\n".join(_lines()) + f"\n{END}{after}"


def _lines() -> Iterator[str]:
    for revision in REVISIONS:
        for server in SERVERS:
            baseline = load_baseline(revision, server)
            counts = [f"{len(reasons)} {status}" for status, reasons in baseline.expected.items() if reasons]
            yield f"### {revision}, {HEADINGS[server]}"
            yield ""
            told = f"{baseline.passed} checks pass, {len(baseline.hollow)} of them hollow" if baseline.hollow else ""
            yield f"{', '.join([told or f'{baseline.passed} checks pass', *counts])}."
            yield ""
            yield "| check | ends as | why |"
            yield "|---|---|---|"
            for status, reasons in baseline.expected.items():
                yield from _rows(status, reasons)
            yield from _rows("SUCCESS, hollow", baseline.hollow)
            yield ""


def _rows(status: str, reasons: Mapping[str, str]) -> Iterator[str]:
    for name, reason in reasons.items():
        yield f"| `{name}` | {status} | {reason} |"


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
