"""`engintel identity`: a person's word on who is who. It goes through the log like everything else."""

import argparse

from domain.errors import Ambiguous, InvalidInput, NotFound
from domain.events import Event, IdentityDecision, Source
from domain.identity import suggest_merges
from domain.people import Identity, id_suffix
from server.bootstrap import Engine, open_engine
from server.cli.logs import log_to
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
    settings = load_settings()
    log_to(settings)
    async with open_engine(settings) as engine:
        left = await _account(engine, arguments.left)
        right = await _account(engine, arguments.right)
        if left == right:
            raise InvalidInput(
                f"{arguments.left!r} and {arguments.right!r} are the same account. Name each by its own mail, handle "
                "or SOURCE:ID, as get_developer lists them."
            )
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
        await Intake(engine.log, engine.router, engine.now, engine.drain).events([event])
        await engine.catch_up()
        await engine.audit.record("local", decision, f"{first} | {second}", "done", {"reason": arguments.reason})
        people = await engine.directory.people(accounts=[first, second])
    print("\n".join(f"{person.name} ({person.id}): {', '.join(person.keys)}" for person in people))
    return 0


async def _account(engine: Engine, text: str) -> str:
    """The account that `text` names: by its key, mail, handle or id, or as the first of the person so called."""
    people = await engine.directory.find_people(text)
    if not people:
        raise NotFound("person", text)
    if len(people) > 1:
        raise Ambiguous("person", text, [person.label for person in people])
    own = [identity.key for identity in people[0].identities if _goes_by(identity, text.strip().lower())]
    return min(own or people[0].keys)


def _goes_by(identity: Identity, text: str) -> bool:
    names = (identity.key, identity.external_id, identity.email, identity.username)
    # The id of a person who was merged into another one still ends in what stands for an account of their own.
    return text.removeprefix("@") in {name.lower() for name in names if name} or text.endswith(
        f"-{id_suffix(identity.key)}"
    )
