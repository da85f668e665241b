"""One look at the project's health has it all: failures with n, what is blocked, what has not moved."""

from typing import Any

from evals.session import Call


async def play(call: Call) -> str:
    health = await call("get_project_health", project="checkout", days=90)
    metrics = {metric["name"]: metric for metric in health["metrics"]}
    fails, lead, repair = (
        metrics[name] for name in ("change_fail_rate", "change_lead_time", "failed_deployment_recovery_time")
    )
    risks = {risk["kind"]: risk for risk in health["risks"]}
    blocked, stale = risks["blocked_urgent_issues"], risks["stale_pull_requests"]
    return (
        f"{health['project']['name']} is in trouble.\n"
        f"- {fails['value']:.1%} of {fails['n']} deployments failed ({fails['tier']} by DORA's tiers); bringing the "
        f"service back took {repair['value']:.1f} hours in the median (n = {repair['n']}).\n"
        f"- A change takes {lead['value'] / 24:.0f} days to reach production (median of {lead['n']} changes).\n"
        f"- {blocked['text']}: {_listed(blocked)}.\n"
        f"- {stale['text']}: {_listed(stale)}."
    )


def _listed(risk: dict[str, Any]) -> str:
    return "; ".join(evidence["text"] for evidence in risk["evidence"])
