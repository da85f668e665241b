"""`engintel identity`: a person's word on who is who. It goes through the log like everything else."""

import argparse

from domain.errors import Ambiguous, InvalidInput, NotFound
from domain.events import Event, IdentityDecision, Source
from domain.identity import suggest_merges
from server.bootstrap import Engine, open_engine
from server.intake import Intake
from server.settings import load_settings


async def suggest(_: argparse.Namespace) -> int:
    """List people who may be one."""
    async with open_engine(load_settings()) as engine:
        people = {person.id: person for person in await engine.directory.people()}
    suggestions = suggest_merges(people.values())
    for suggestion in suggestions:
        print(f"{suggestion.score:.1f}  {suggestion.left}  {suggestion.right}  {'; '.join(suggestion.reasons)}")
    if not suggestions:
        print("nobody shares a full name and a second signal with somebody else")
    return 0


async def merge(arguments: argparse.Namespace) -> int:
    """Say that two accounts are one person's."""
    return await _decide(arguments, "identity_merged")


async def split(arguments: argparse.Namespace) -> int:
    """Say that two accounts are not one person's."""
    return await _decide(arguments, "identity_split")


async def _decide(arguments: argparse.Namespace, decision: str) -> int:
    async with open_engine(load_settings()) as engine:
        left = await _account(engine, arguments.left)
        right = await _account(engine, arguments.right)
        if left == right:
            raise InvalidInput(f"{arguments.left!r} and {arguments.right!r} are the same account.")
        now = engine.now()
        first, second = sorted((left, right))
        body = IdentityDecision.model_validate(
            {"type": decision, "left": first, "right": second, "reason": arguments.reason}
        )
        event = Event(
            id=f"engintel:{decision}:{first}:{second}:{now.isoformat()}",
            source=Source.ENGINTEL,
            occurred_at=now,
            entity=f"identity:{first}|{second}",
            body=body,
        )
        await Intake(engine.log, engine.router, engine.now).events([event])
        await engine.router.catch_up()
        await engine.audit.record("local", decision, f"{first} | {second}", "done", {"reason": arguments.reason})
        people = await engine.directory.people(accounts=[first, second])
    print("\n".join(f"{person.name} ({person.id}): {', '.join(person.keys)}" for person in people))
    return 0


async def _account(engine: Engine, text: str) -> str:
    """The account that `text` names: by its key, or as the only or first account of the person so called."""
    people = await engine.directory.find_people(text)
    if not people:
        raise NotFound("person", text)
    if len(people) > 1:
        raise Ambiguous("person", text, [person.label for person in people])
    return text if text in people[0].keys else min(people[0].keys)
