"""Both sentences word for word, each with its page."""

from typing import Final

from evals.checks import Truth, complaints, mentions, mentions_quote
from evals.prose import plain
from evals.session import Answer
from evals.world import World

_ASKED: Final = ("roll back checkout", "pay a merchant")


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    wanted = [each for each in truth["facts"]["documents"] if any(words in each["question"] for words in _ASKED)]
    quoted = [
        (mentions_quote(answer.text, each["sentence"]), f"does not quote what answers: {each['question']}")
        for each in wanted
    ]
    pages = [
        (
            plain(each["title"]) in plain(answer.text) and mentions(answer.text, each["page_id"].replace("-", "")),
            f"does not give the page {each['title']!r} with its address",
        )
        for each in wanted
    ]
    return complaints(
        (len(wanted) == len(_ASKED), "the truth does not know these questions"),
        *quoted,
        *pages,
        (not world.asked, "asked to send something"),
    )
