"""Look at the person, then for whoever else knows the thing."""

from evals.session import Call


async def play(call: Call) -> str:
    who = await call("get_developer", person="Rafael")
    away = next((note.rpartition("away until ")[2] for note in who["notes"] if "away until" in note), None)
    found = await call("find_developers", requirement="the offline queue of the courier app", team=who["teams"][0])
    others = [person for person in found["developers"] if person["id"] != who["id"] and person["availability"]]
    best = others[0]
    reason = best["reasons"][0]["text"]
    if away is None:
        return f"{who['name']} is there, with an availability of {who['availability']:g}."
    return (
        f"No: {who['name']} is away until {away}. "
        f"Ask {best['name']} in the meantime ({reason}; availability {best['availability']:g})."
    )
