"""Pass on that there is no figure, and why."""

from evals.session import Call


async def play(call: Call) -> str:
    health = await call("get_project_health", project="platform-infra", days=90)
    [frequency] = [metric for metric in health["metrics"] if metric["name"] == "deployment_frequency"]
    if "value" in frequency:
        return (
            f"{health['project']['name']} ships {frequency['value']:g} times {frequency['unit']}: {frequency['tier']}."
        )
    return (
        f"For {health['project']['name']} there is {frequency['missing']} "
        f"({frequency['n']} deployments from {frequency['window']}). That does not allow a comparison."
    )
