"""Prompts: Markdown files with a head, and the loader."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

_ARGUMENT = re.compile(r"^  (?P<name>[a-z_]+)(?P<optional>\?)?: (?P<description>.+)$")
_PLACE = re.compile(r"\{\{ ?([a-z_]+) ?\}\}")


@dataclass(frozen=True)
class Argument:
    """What a prompt asks for."""

    name: str
    description: str
    required: bool


@dataclass(frozen=True)
class Prompt:
    """A prompt. `text` has `{{ name }}` where an argument goes; a line whose argument is absent is left out."""

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    text: str

    def fill(self, given: Mapping[str, str]) -> str:
        """The prompt with `given` in place."""
        lines = []
        for line in self.text.splitlines():
            names = _PLACE.findall(line)
            if all(given.get(name) for name in names):
                lines.append(_PLACE.sub(lambda match: str(given[match[1]]), line))
        return "\n".join(lines).strip()


def load_prompts() -> list[Prompt]:
    """Every prompt of this folder, by name."""
    texts = {f.name: f.read_text(encoding="utf-8") for f in files("prompts").iterdir() if f.name.endswith(".md")}
    return [_parse(name.removesuffix(".md"), text) for name, text in sorted(texts.items())]


def _parse(name: str, text: str) -> Prompt:
    _, head, body = text.split("---\n", 2)
    fields = dict(_fields(head))
    arguments = [match for line in head.splitlines() if (match := _ARGUMENT.match(line))]
    return Prompt(
        name=name,
        title=fields["title"],
        description=fields["description"],
        arguments=tuple(
            Argument(name=a["name"], description=a["description"], required=not a["optional"]) for a in arguments
        ),
        text=body.strip(),
    )


def _fields(head: str) -> Iterator[tuple[str, str]]:
    for line in head.splitlines():
        name, colon, value = line.partition(": ")
        if colon and not name.startswith(" "):
            yield name, value.strip()
