"""The words of the story: titles, descriptions, commit messages and remarks, put together from small parts."""

from random import Random
from typing import Final

_TITLES: Final = {
    "Story": (
        "Support {topic} {scope}",
        "Add {topic} {scope}",
        "Introduce {topic} {scope}",
        "Show {topic} {scope}",
        "Configure {topic} {scope}",
    ),
    "Bug": ("Fix {topic} {scope}", "Correct {topic} {scope}", "Wrong result: {topic} {scope}"),
    "Task": (
        "Simplify {topic} {scope}",
        "Speed up {topic} {scope}",
        "Cover {topic} {scope} with tests",
        "Measure {topic} {scope}",
        "Clean up {topic} {scope}",
    ),
}
_SCOPES: Final = (
    "for weekend orders",
    "behind a flag",
    "in the sandbox",
    "for large baskets",
    "under load",
    "for guests",
    "in the northern region",
    "at midnight",
    "for the pilot depot",
    "after a restart",
    "on holidays",
    "for business customers",
    "when the cache is cold",
    "for the second warehouse",
)
_WHY: Final = (
    "Support sees about {n} tickets a week about this.",
    "The pilot depot asked for it in the last review.",
    "We measured {n} cases in the last month, most of them on Mondays.",
    "It blocks the next step of the roadmap item.",
    "Finance noticed it while closing the month: {n} rows differ.",
    "The on-call engineer was woken {n} times by this since spring.",
)
_DONE_WHEN: Final = (
    "Done when the new behaviour is covered by tests and shown on the dashboard.",
    "Done when it runs for a week without a warning.",
    "Done when the depot leads agree with the result.",
    "Done when the runbook mentions it.",
)
_COMMITS: Final = (
    "Begin {topic}",
    "Work out {topic}",
    "Tests for {topic}",
    "Cover the empty case of {topic}",
    "Name things in {topic} after the domain",
    "Log what {topic} decides",
    "Make {topic} configurable",
)
_APPROVALS: Final = (
    "Reads well. The test for the empty case convinced me.",
    "Good. One thought for later: the limit could be a setting.",
    "Tried it against the sandbox, works as described.",
    "Thanks for splitting this up, easy to follow.",
    "",
)
_OBJECTIONS: Final = (
    "What happens when this runs twice? I think the second run would count again.",
    "The time zone looks wrong to me: midnight in the depot is not midnight UTC.",
    "Could we keep the old path until the flag is gone?",
    "This needs a test with more than one item.",
)
_REMARKS: Final = (
    "Nice. I was about to ask whether the limit is per day or per tour, but the name says it.",
    "A question rather than a request: who reads this log line?",
    "The naming differs from the runbook; either is fine, but let us use one.",
)
_COMMENTS: Final = (
    "I can reproduce it on staging with yesterday's orders.",
    "Talked to the depot: they would rather have it late than wrong.",
    "Splitting the second half into its own issue.",
    "Waiting for an answer from the bank.",
    "The numbers agree with the warehouse again.",
)
_GOALS: Final = (
    "Fewer late tours",
    "Calm on-call weeks",
    "Ready for the autumn peak",
    "Close the open incidents' actions",
    "Ship the pilot",
)
KINDS: Final = ("Story", "Story", "Bug", "Task")
"""The kinds of planned issues, as often as they occur."""


def title(rng: Random, kind: str, topic: str) -> str:
    """What an issue or a pull request is called."""
    words = rng.choice(_TITLES[kind]).format(topic=topic, scope=rng.choice(_SCOPES))
    return words.replace("Support the ", "Support ").replace("Add the ", "Add ").replace("Introduce the ", "Introduce ")


def description(rng: Random, wanted: str, about: str) -> str:
    """An issue's text: what is wanted, why, and when it is done."""
    why = rng.choice(_WHY).format(n=rng.randint(3, 40))
    return f"{wanted}.\n\n{why} Concerns: {about}.\n\n{rng.choice(_DONE_WHEN)}"


def pull_request(rng: Random, wanted: str, key: str | None, files: tuple[str, ...]) -> str:
    """A pull request's text."""
    closes = f"Closes {key}.\n\n" if key else ""
    shown = "\n".join(f"- `{path}`" for path in files[:6])
    checks = rng.choice(("the unit tests", "the sandbox", "yesterday's orders", "a replay of last week"))
    return f"{closes}{wanted}.\n\nTouches:\n{shown}\n\nChecked with {checks}."


def commit(rng: Random, topic: str) -> str:
    """A commit's message."""
    return rng.choice(_COMMITS).format(topic=topic)


def approval(rng: Random) -> str:
    """What an approving reviewer says."""
    return rng.choice(_APPROVALS)


def objection(rng: Random) -> str:
    """What a reviewer who wants changes says."""
    return rng.choice(_OBJECTIONS)


def remark(rng: Random) -> str:
    """What a reviewer says without deciding."""
    return rng.choice(_REMARKS)


def comment(rng: Random) -> str:
    """What somebody writes below an issue."""
    return rng.choice(_COMMENTS)


def goal(rng: Random) -> str:
    """What a sprint is for."""
    return rng.choice(_GOALS)


def branch(key: str | None, words: str) -> str:
    """A branch name such as `PAY-12-retry-payouts`."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in words.lower()).split()
    return "-".join([*([key] if key else []), *plain[:4]])
