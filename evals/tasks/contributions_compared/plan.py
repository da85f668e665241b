"""Each one's own figures on the project, and what the project's figures say was counted for nobody."""

from evals.session import Call


async def play(call: Call) -> str:
    [project, *_] = (await call("find_entity", query="courier-app", kind="project"))["entities"]
    lines, known = [], set()
    for name in ("Yusuf Demir", "Olga Petrenko"):
        who = await call("get_developer", person=name, days=90)
        [did] = [each for each in who["projects"] if each["id"] == project["id"]]
        lines.append(f"{who['name']}: {did['commits']} commits and {did['prs_merged']} merged pull requests.")
        known.add(who["id"])
    health = await call("get_project_health", project=project["id"], days=90, detail="full")
    stray = [each for each in health["contributors"] if each["id"] not in known and " " not in each["name"]]
    if stray:
        count = sum(each["commits"] for each in stray)
        names = " and ".join(dict.fromkeys(each["name"] for each in stray))
        lines.append(
            f"Not in them: {count} commits that are only signed {names} and cannot be tied to anybody for sure."
        )
    lines += [f"{note}." for note in health["notes"] if "bots" in note or "merges included" in note]
    return "\n".join(lines)
