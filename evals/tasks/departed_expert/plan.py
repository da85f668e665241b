"""Whoever built it may have gone quiet: look at when each candidate was last seen."""

from evals.session import Call


async def play(call: Call) -> str:
    found = await call("find_developers", requirement="change the network peering", paths=["modules/network/"])
    builder, *others = found["developers"]
    built = await call("get_developer", person=builder["id"], days=365)
    recent = await call("get_developer", person=builder["id"], days=30)
    if recent["activity"]["commits"] + recent["activity"]["prs_merged"] + recent["activity"]["reviews"]:
        return f"Ask {builder['name']}, who built it ({builder['reasons'][0]['text']})."
    for other in others:
        who = await call("get_developer", person=other["id"], days=30)
        if who["activity"]["commits"]:
            break
    else:
        return f"{builder['name']} built it; nobody else can be found."
    return (
        f"{builder['name']} built it ({builder['reasons'][0]['text']}), but was last active on "
        f"{built['last_active'][:10]} and shows nothing in the last 30 days, so he seems to be gone.\n"
        f"Ask {who['name']} today: {other['reasons'][0]['text']}, {who['activity']['commits']} commits in the last 30 "
        f"days, availability {who['availability']:g}. Nobody who is active has worked on modules/network itself."
    )
