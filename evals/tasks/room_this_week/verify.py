"""The one free engineer; not whoever is away with an empty desk, not the product manager, not the overloaded."""

from evals.checks import Truth, complaints, mentions_person, mentions_person_near, recommended
from evals.session import Answer
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    facts = truth["facts"]
    free, expert, away = (facts[name]["person"] for name in ("free_second_best", "overloaded_expert", "on_leave"))
    team = [person for person in truth["people"] if person["team"] == "Logistics"]
    [manager] = [person["name"] for person in team if "manager" in person["role"].lower()]
    wanted = recommended(answer.text, truth)
    issues = {name: len(work["issues"]) for name, work in truth["open_work"].items()}
    overloaded = [person["name"] for person in team if issues.get(person["name"], 0) > 5]  # noqa: PLR2004 - of 8
    return complaints(
        (free in wanted, f"does not name {free}, who is free"),
        (away not in wanted, f"recommends {away}, who is away"),
        (
            mentions_person_near(
                answer.text, away, r"\baway\b|\bleave\b|\bvacation\b|\bholiday\b|\bnot there\b", truth
            ),
            f"does not say that {away} is away",
        ),
        (manager not in wanted, f"recommends {manager}, who is no engineer"),
        (mentions_person(answer.text, expert, truth), f"does not say to leave {expert} alone"),
        *((name not in wanted, f"recommends {name}, who has {issues[name]} issues") for name in overloaded),
        (not world.asked, "asked to send something"),
    )
