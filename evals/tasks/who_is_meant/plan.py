"""Look both up before asking for anything about them; where several could be meant, ask back."""

from evals.session import Call


async def play(call: Call) -> str:
    lines = []
    for name in ("Daniel", "mschmidt"):
        found = (await call("find_entity", query=name, kind="person"))["entities"]
        if len(found) == 1:
            who = await call("get_developer", person=found[0]["id"])
            lines.append(f"{who['name']} made {who['activity']['commits']} commits in 90 days.")
            continue
        candidates = []
        for entity in found:
            who = await call("get_developer", person=entity["id"])
            candidates.append(f"{who['name']} ({who['role']}, {', '.join(who['teams'])}, {who['email']})")
        lines.append(f"{name} is ambiguous. Which of them do you mean: {' or '.join(candidates)}?")
    return "\n".join(lines)
