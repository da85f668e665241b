"""The documents that Brambleway's people have written: Markdown files beside this module, and questions about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from adapters.sources.sample.ids import uuid


@dataclass(frozen=True, slots=True)
class Document:
    """A page of documentation.

    Shape:
        name: the file's name without its ending.
        project: the project below whose row of the roadmap it lies.
        written, edited: days before the end of the sample; `edited` is None for one that was never touched again.
        text: Markdown: headings, paragraphs, bullets, to-dos and fenced code.
    """

    name: str
    title: str
    project: str
    author: str
    written: int
    edited: int | None
    text: str

    @property
    def page(self) -> str:
        """The id of the Notion page."""
        return uuid("notion document", self.name)


@dataclass(frozen=True, slots=True)
class Question:
    """A question as somebody would ask it, and the one sentence that answers it."""

    question: str
    document: str
    sentence: str


def _read(name: str, content: str) -> Document:
    """A document from its file: `key: value` lines, a blank line, then the text."""
    head, _, text = content.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    return Document(
        name=name,
        title=fields["title"],
        project=fields["project"],
        author=fields["author"],
        written=int(fields["written"]),
        edited=int(fields["edited"]) if "edited" in fields else None,
        text=text.strip(),
    )


DOCUMENTS: Final[Mapping[str, Document]] = {
    (name := entry.name.removesuffix(".md")): _read(name, entry.read_text(encoding="utf-8"))
    for entry in sorted(files(__package__).joinpath("pages").iterdir(), key=lambda entry: entry.name)
    if entry.name.endswith(".md")
}
"""Documents by name."""

QUESTIONS: Final = (
    Question(
        "How often do we try to pay a merchant again before a person has to look at it?",
        "payouts-architecture",
        "After the ninth failed attempt a payout goes to the dead letter queue and waits for a person.",
    ),
    Question(
        "Who is allowed to roll back checkout at night?",
        "checkout-runbook",
        "Outside working hours the on-call engineer may roll back checkout without asking anybody.",
    ),
    Question(
        "Why can't the planner change where a courier goes next?",
        "dispatch-routing",
        "The next two stops of a courier are frozen, because a tour that changes under the wheel costs more minutes "
        "than it saves.",
    ),
    Question(
        "What do I have to check before rebuilding the whole product index?",
        "search-reindex",
        "Before a full reindex, make sure that the cluster has at least forty per cent of its disk free.",
    ),
    Question(
        "How old may the numbers about orders be in the morning?",
        "warehouse-freshness",
        "The orders mart is complete for the day before by 05:30 UTC.",
    ),
    Question(
        "What happens to a delivery that is confirmed in a basement without reception?",
        "courier-offline",
        "A confirmation made without reception is kept on the phone for up to 72 hours and carries the phone's "
        "own time.",
    ),
    Question(
        "When do I have to wake the engineering manager?",
        "on-call",
        "The engineering manager on duty is called when an incident of severity one lasts longer than thirty minutes.",
    ),
)
