"""The person, the project, and the share of the commits in any window that the truth knows."""

from evals.checks import Truth, affirms, complaints, mentions_number, mentions_person_near
from evals.prose import names_of
from evals.session import Answer
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    fact = truth["facts"]["single_point_of_knowledge"]
    person, repo = fact["person"], fact["repo"]
    counts = []
    for window in truth["commits"].values():
        made = {name: repos[repo] for name, repos in window.items() if repo in repos}
        counts.append((made[person], sum(made.values())))
    near = r"warehouse"
    return complaints(
        (mentions_person_near(answer.text, person, near, truth), f"does not name {person} for {fact['project']}"),
        (
            any(
                mentions_number(answer.text, own / total, tolerance=0.011)
                or (mentions_number(answer.text, own) and mentions_number(answer.text, total))
                for own, total in counts
            ),
            f"does not give the share of the commits (such as {counts[-1][0]} of {counts[-1][1]})",
        ),
        (
            not any(
                affirms(answer.text, name, r"\b(?:alone|only one|single|sole)\b") for name in _others(person, truth)
            ),
            "calls somebody else the only one",
        ),
        (not world.asked, "asked to send something"),
    )


def _others(person: str, truth: Truth) -> list[str]:
    return [
        rf"\b{name}\b"
        for other in truth["people"]
        if other["name"] != person
        for name in names_of(other["name"], truth)
    ]
