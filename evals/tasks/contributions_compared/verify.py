"""Commits and merged pull requests as in the truth; the unattributable commits are told and given to nobody."""

from evals.checks import Truth, complaints, mentions, mentions_number, mentions_person_near
from evals.prose import names_of, numbers, plain, sentences
from evals.session import Answer
from evals.world import World

_PEOPLE = ("Yusuf Demir", "Olga Petrenko")


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    repo = truth["facts"]["unattributable_commits"]["repos"][0]
    stray = truth["commits_unattributed"]["90"][repo]
    found = []
    for name in _PEOPLE:
        for what, near in (("commits", "commit"), ("prs_merged", "pull request|merged|prs?")):
            count = truth[what]["90"][name][repo]
            found.append((_told_of(answer.text, name, count, near, truth), f"does not give {name} {count} {what}"))
    wrongly = truth["commits"]["90"][_PEOPLE[0]][repo] + stray
    return complaints(
        *found,
        (
            not _told_of(answer.text, _PEOPLE[0], wrongly, "commit", truth),
            f"gives {_PEOPLE[0]} the {stray} commits that cannot be attributed",
        ),
        (
            mentions_number(answer.text, stray, near="commit")
            and mentions(answer.text, r"attribut|tied|assigned|signed|laptop|match"),
            f"does not tell of the {stray} commits that cannot be attributed",
        ),
        (mentions(answer.text, r"\bbots?\b|\bdependabot\b|\bautomat"), "does not say what became of commits by bots"),
        (mentions(answer.text, r"\bmerges?\b(?! request)"), "does not say what became of merge commits"),
        (not world.asked, "asked to send something"),
    )


def _told_of(text: str, name: str, count: int, near: str, truth: Truth) -> bool:
    """Whether a sentence about somebody, or a line of a table, has the number."""
    if any(mentions_person_near(each, name, near, truth) and count in numbers(each) for each in sentences(text)):
        return True
    rows = [each for each in text.splitlines() if "|" in each]
    return any(known in plain(row) and count in numbers(row) for row in rows for known in names_of(name, truth))
