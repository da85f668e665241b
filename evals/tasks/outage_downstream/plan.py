"""Follow the dependencies of an outage; the people stand beside them."""

from evals.session import Call


async def play(call: Call) -> str:
    impact = await call("get_dependency_impact", project="payouts", change="outage")
    lines = [
        f"{reached['name']} is affected: {' -> '.join(reached['path'])} ({reached['evidence'][-1]['text']})."
        for reached in impact["affected_projects"]
    ]
    people = "; ".join(f"{person['name']} ({person['why']})" for person in impact["people"])
    teams = " and ".join(team["name"] for team in impact["teams"])
    return "\n".join([*lines, f"Warn the teams {teams}, and by name: {people}."])
