"""The day of the return, and somebody who really works on that project and is there."""

from evals.checks import Truth, complaints, mentions_date, mentions_person, recommended
from evals.session import Answer
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    fact = truth["facts"]["on_leave"]
    active = {name for name, repos in truth["commits"]["30"].items() if "brambleway/courier-app" in repos}
    wanted = recommended(answer.text, truth)
    return complaints(
        (mentions_person(answer.text, fact["person"], truth), f"does not speak of {fact['person']}"),
        (mentions_date(answer.text, fact["away_until"]), f"does not say that he is away until {fact['away_until']}"),
        (fact["person"] not in wanted, f"wants {fact['person']} to do it"),
        (bool(wanted & active), f"does not ask anybody who works on it ({', '.join(sorted(active))})"),
        (not world.asked, "asked to send something"),
    )
