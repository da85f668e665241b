"""Search with the question; where its words are not the page's words, search with the words of those who wrote it."""

from typing import Any, Final

from evals.session import Call

_QUESTIONS: Final = (
    ("Who is allowed to roll back checkout at night?", "checkout", ("roll back", "without asking")),
    (
        "How often do we try to pay a merchant again before a person has to look at it?",
        "payouts",
        ("attempt", "person"),
    ),
)
_OTHER_WORDS: Final = {"payouts": "retries of a payout after a failed attempt"}


async def play(call: Call) -> str:
    lines = []
    for question, project, words in _QUESTIONS:
        queries = [question, _OTHER_WORDS.get(project, question)]
        for query in queries:
            found = await call("search_docs", query=query, project=project)
            if told := _sentence(found["passages"], words):
                lines.append(f"{question} {told}")
                break
        else:
            lines.append(f"{question} I found nothing that says so.")
    return "\n".join(lines)


def _sentence(passages: list[dict[str, Any]], words: tuple[str, ...]) -> str | None:
    for passage in passages:
        for sentence in passage["text"].replace("\n", " ").split(". "):
            if all(word in sentence for word in words):
                return f'"{sentence.strip().rstrip(".")}." ({passage["title"]}, {passage["url"]})'
    return None
