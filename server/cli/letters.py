"""`engintel deadletters`: messages of a stream that could not become entries of the log."""

import argparse
import json

from adapters.log.wire import read_again
from domain.errors import InvalidInput, PoisonEvent
from domain.ports import Carried, DeadLetter, KeptLetter, Received
from domain.text import line
from server.bootstrap import Engine, open_engine
from server.settings import load_settings

_SHOWN = 20_000


async def letters_list(_: argparse.Namespace) -> int:
    """List them."""
    async with open_engine(load_settings()) as engine:
        letters = await engine.dead_letters.letters()
    for letter in letters:
        print(f"{letter.name}  {letter.since.isoformat()}  {line(letter.reason)}")
    if not letters:
        print("there are no dead letters")
    return 0


async def letters_show(arguments: argparse.Namespace) -> int:
    """Show one with what it holds."""
    async with open_engine(load_settings()) as engine:
        letter = await _letter(engine, arguments.item)
    told = letter.model_dump(mode="json", exclude={"payload"})
    text = letter.payload[:_SHOWN].decode(errors="backslashreplace")
    print(json.dumps({**told, "bytes": len(letter.payload), "payload": text}, ensure_ascii=False, indent=2))
    return 0


async def letters_retry(arguments: argparse.Namespace) -> int:
    """Read one again, and let it into the log if it can be read now."""
    async with open_engine(load_settings()) as engine:
        letter = await _letter(engine, arguments.item)
        events: list[Carried] = []
        for told in read_again(letter.part, letter.position, letter.payload):
            if isinstance(told, DeadLetter):
                raise PoisonEvent(f"{arguments.item} stays where it is: {told.reason}.")
            events.append(told)
        await engine.dead_letters.land(Received(events=events))
        await engine.dead_letters.remove(letter)
        await engine.router.catch_up()
    print(f"{arguments.item} is in the log and every store")
    return 0


async def letters_drop(arguments: argparse.Namespace) -> int:
    """Forget one."""
    async with open_engine(load_settings()) as engine:
        await engine.dead_letters.remove(await _letter(engine, arguments.item))
    print(f"{arguments.item} was dropped")
    return 0


async def _letter(engine: Engine, name: str) -> KeptLetter:
    for letter in await engine.dead_letters.letters():
        if letter.name == name:
            return letter
    raise InvalidInput(f"{name!r} is no dead letter: `engintel deadletters list` prints what there is.")
