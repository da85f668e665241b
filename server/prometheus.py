"""Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from domain.frozen import Frozen

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Family(Frozen):
    """Samples of one name.

    Shape:
        name: with its unit, as Prometheus wants it.
        kind: what the value may do: a counter only grows.
        about: one line for a person.
        samples: each with its labels.
    """

    name: str
    kind: Literal["counter", "gauge"]
    about: str
    samples: tuple[tuple[Mapping[str, str], float], ...]


def exposed(families: Iterable[Family]) -> str:
    """`families` as text; those without samples are left out."""
    return "".join(f"{line}\n" for family in families if family.samples for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    about = family.about.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {family.name} {about}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in family.samples:
        told = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{family.name}{{{told}}} {_number(value)}" if told else f"{family.name} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
