"""Rank, look at the desk of the one who knows it best, take the next one who has time."""

from typing import Any, Final

from evals.session import Call

_ENOUGH: Final = 0.5


async def play(call: Call) -> str:
    found = await call(
        "find_developers",
        requirement="rework how the routing engine orders the stops of a courier",
        paths=["src/main/java/example/brambleway/dispatch/routing/"],
        detail="full",
    )
    ranked = found["developers"]
    expert = max(ranked, key=_commits)
    chosen = next(person for person in ranked if person["availability"] >= _ENOUGH and _commits(person))
    looked = await call("get_developer", person=chosen["id"])
    areas = ", ".join(project["name"] for project in looked["projects"])
    return (
        f"Give it to {chosen['name']}: {_strongest(chosen)}, currently on {areas}, and free for it ({_desk(chosen)}).\n"
        f"{expert['name']} knows that code best ({_strongest(expert)}) but is overloaded: {_desk(expert)}, which "
        f"leaves an availability of {expert['availability']:g}."
    )


def _commits(person: dict[str, Any]) -> int:
    """Commits on the files of the routing package, over all of them."""
    return sum(int(r["text"].split()[0]) for r in person["reasons"] if r["kind"] == "path" and "/routing/" in r["text"])


def _strongest(person: dict[str, Any]) -> str:
    return str(next(reason["text"] for reason in person["reasons"] if reason["kind"] == "path"))


def _desk(person: dict[str, Any]) -> str:
    return str(next(reason["text"] for reason in person["reasons"] if reason["kind"] == "availability"))
