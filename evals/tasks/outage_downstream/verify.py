"""Every project up the chain with its path, somebody who really works on each, and nothing that is not hit."""

from evals.checks import Truth, affirms, complaints, mentions, mentions_path, mentions_person
from evals.session import Answer
from evals.world import World


def verify(answer: Answer, truth: Truth, world: World) -> list[str]:
    chain = truth["facts"]["dependency_chain"]["chain"][::-1]
    down, *hit = chain
    spared = [
        each["name"] for each in truth["projects"] if each["name"] in {"dispatch", "courier-app", "data-warehouse"}
    ]
    found = [
        (mentions_path(answer.text, chain[: chain.index(project) + 1]), f"does not say how {project} hangs on {down}")
        for project in hit
    ]
    found += [
        (
            any(mentions_person(answer.text, name, truth) for name in _active(project, truth)),
            f"warns nobody of {project}",
        )
        for project in hit
    ]
    found += [
        (not affirms(answer.text, rf"\b{project}\b", "affect|stop|break|down|hit"), f"says that {project} is hit")
        for project in spared
    ]
    teams = {each["team"] for each in truth["projects"] if each["name"] in hit}
    found += [(mentions(answer.text, team.casefold()), f"does not name the team {team}") for team in sorted(teams)]
    return complaints(*found, (not world.asked, "asked to send something"))


def _active(project: str, truth: Truth) -> list[str]:
    """Whoever committed to a project in the last 90 days."""
    [repo] = [each["repo"] for each in truth["projects"] if each["name"] == project]
    return [name for name, repos in truth["commits"]["90"].items() if repo in repos]
