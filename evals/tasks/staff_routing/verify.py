"""The free second best is named, and why it is not the expert."""

from evals.checks import Truth, complaints, mentions_number, mentions_person, mentions_person_near, recommended
from evals.session import Answer
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    facts = truth["facts"]
    expert, second = facts["overloaded_expert"]["person"], facts["free_second_best"]["person"]
    issues = len(facts["overloaded_expert"]["open_work"]["issues"])
    wanted = recommended(answer.text, truth)
    busy = r"overload|no time|no room|no capacity|full|busy|availability|open issues"
    return complaints(
        (second in wanted, f"does not recommend {second}"),
        (expert not in wanted, f"recommends {expert}, who has no time"),
        (mentions_person(answer.text, expert, truth), f"does not say that {expert} knows it best"),
        (mentions_person_near(answer.text, expert, busy, truth), f"does not say why it is not {expert}"),
        (mentions_number(answer.text, issues, near="issue|ticket"), f"does not say that {expert} has {issues} issues"),
        (not world.asked, "asked to send something"),
    )
