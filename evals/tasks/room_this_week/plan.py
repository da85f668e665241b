"""The team's desks; whoever looks free is looked at once more, because not everybody in a team is an engineer."""

from typing import Final

from evals.session import Call

_ENOUGH: Final = 0.5


async def play(call: Call) -> str:
    workload = await call("get_team_workload", team="Logistics")
    lines = []
    for member in sorted(workload["members"], key=lambda m: -m["availability"]):
        who = await call("get_developer", person=member["id"], days=30)
        away = [note for note in who["notes"] if "away until" in note]
        desk = (
            f"{member['open_issues']} open issues, {member['open_prs']} open pull requests, "
            f"{member['reviews_requested']} reviews asked for"
        )
        if away:
            lines.append(f"{member['name']} is not there ({away[-1].rpartition(': ')[2]}).")
        elif "engineer" not in who["role"].lower() or "manager" in who["role"].lower():
            lines.append(f"{member['name']} does not count here: {who['role']}.")
        elif member["availability"] >= _ENOUGH:
            lines.append(f"{member['name']} has room: {desk}.")
        else:
            lines.append(f"Do not load {member['name']} further: {desk} (availability {member['availability']:g}).")
    return "\n".join(lines)
