"""Too little data is said, with the count; no rate, no tier."""

from evals.checks import Truth, complaints, gives_rate, gives_tier, mentions_number, says_insufficient
from evals.session import Answer
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    count = truth["facts"]["quiet_project"]["deployments"]
    return complaints(
        (says_insufficient(answer.text), "does not say that there is too little data"),
        (
            mentions_number(answer.text, count, near="deploy|release|ship|production"),
            f"does not say that there were {count} deployments",
        ),
        (not gives_rate(answer.text), "gives a rate all the same"),
        (not gives_tier(answer.text), "gives a tier all the same"),
        (not world.asked, "asked to send something"),
    )
