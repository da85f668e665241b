"""The builder and since when nothing was seen of them; and somebody who is there, on the same project."""

from evals.checks import Truth, complaints, mentions_month, mentions_person, recommended
from evals.session import Answer
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    fact = truth["facts"]["departed"]
    [repo] = [each["repo"] for each in truth["projects"] if each["name"] == fact["project"]]
    active = {name for name, repos in truth["commits"]["30"].items() if repo in repos}
    wanted = recommended(answer.text, truth)
    return complaints(
        (mentions_person(answer.text, fact["person"], truth), f"does not say that {fact['person']} built it"),
        (fact["person"] not in wanted, f"sends people to {fact['person']}, who is gone"),
        (
            mentions_month(answer.text, fact["last_activity_at"]),
            f"does not say that {fact['person']} was last seen in August",
        ),
        (bool(wanted & active), f"does not name anybody who is there ({', '.join(sorted(active))})"),
        (not world.asked, "asked to send something"),
    )
