"""Look at the risks of each project; the figures stand beside them."""

from evals.session import Call


async def play(call: Call) -> str:
    lines: list[str] = []
    for name in ("data warehouse", "search", "dispatch"):
        [project, *_] = (await call("find_entity", query=name, kind="project"))["entities"]
        health = await call("get_project_health", project=project["id"])
        first, *rest = sorted(health["contributors"], key=lambda c: -c["commits"])
        total = round(first["commits"] / first["share"])
        share = f"{first['commits']} of {total} commits by people in 90 days ({first['share']:.0%})"
        if any(risk["kind"] == "single_point_of_knowledge" for risk in health["risks"]):
            lines.insert(0, f"{project['name']}: {first['name']} alone knows it and made {share}.")
        else:
            lines.append(
                f"{project['name']} does not hang on one person: {first['name']} and {len(rest)} more work on it."
            )
    return "\n".join(lines)
