"""`engintel doctor`: whether every part is there, which version it is, and how far it is behind."""

import argparse
import json
import platform
import sys
from typing import Any

from adapters.postgres.migrate import migrations, schema_version
from adapters.sources.webhooks import RULES
from domain.errors import EngintelError, Misconfigured
from domain.ports import Inspection
from server.bootstrap import Engine, open_engine
from server.cli.counting import count_checks
from server.cli.source_checks import source_checks
from server.figures import StoreFigures, figures_of
from server.offers import Offers
from server.senders import secrets_of
from server.settings import Settings, load_settings
from server.version import VERSION

_OK = "ok"
_COUNTING = 600.0
"""Seconds for counting all that there is."""
_PATIENCE = 10.0
"""Seconds that the stores together may take to say how they are: a person waits, and one of them may be waking up."""


async def doctor(arguments: argparse.Namespace) -> int:
    """Check everything that is in use; 1 if any of it is not well."""
    settings = load_settings()
    if arguments.notion_token:
        return await _show_offers(settings)
    checks: list[dict[str, Any]] = [
        {"part": "engintel", "state": _OK, "version": VERSION, "python": platform.python_version()}
    ]
    try:
        async with open_engine(settings) as engine:
            checks += await _engine_checks(engine)
            if arguments.count:
                checks += await count_checks(engine.within(_COUNTING))
            checks += await source_checks(engine)
    except EngintelError as error:
        checks.append({"part": "database", "state": "down", "why": str(error)})
    checks += _actions(settings)
    well = all(check["state"] in {_OK, "off", "stale"} for check in checks)
    if arguments.json:
        print(json.dumps({"well": well, "checks": checks}, indent=2))
    else:
        for check in checks:
            rest = ", ".join(f"{name} {value}" for name, value in check.items() if name not in {"part", "state"})
            print(f"{check['state']:6} {check['part']}" + (f": {rest}" if rest else ""))
    if not well:
        print("engintel: something in use is not well; see above", file=sys.stderr)
    return 0 if well else 1


async def _engine_checks(engine: Engine) -> list[dict[str, Any]]:
    async with engine.database.owner() as connection:
        server = await connection.fetchval("SHOW server_version")
        schema = await schema_version(connection)
    kind = "embedded" if engine.database.embedded else "ENGINTEL_DATABASE_URL"
    kind += ", through a pooler" if engine.database.pooled else ""
    heads = await engine.log.heads()
    checks: list[dict[str, Any]] = [
        {
            "part": "database",
            "state": _OK,
            "engine": f"PostgreSQL {server} ({kind})",
            "schema": f"{schema} of {migrations()[-1][0]}",
            "organisation": engine.settings.organisation,
        },
        {"part": "log", "state": _OK, "entries": sum(heads.values())},
        *await _stream_checks(engine),
    ]
    figures = await figures_of(engine.within(_PATIENCE))
    limit = engine.settings.lag_limit_seconds
    if figures.inbox_seconds:
        late = "late" if figures.inbox_seconds > limit else _OK
        checks.append({"part": "inbox", "state": late, "unread_seconds": round(figures.inbox_seconds, 1)})
    checks += [_store_check(name, store, limit) for name, store in figures.stores.items()]
    held = sum(store.poison + store.waiting for store in figures.stores.values())
    look = {"see": "engintel quarantine list"} if held or figures.refused else {}
    told = {"events": held, "deliveries": figures.refused, **look}
    checks.append({"part": "quarantine", "state": "held" if look else _OK, **told})
    checks.append({"part": "workers", "state": _OK if figures.workers else "off", "running": len(figures.workers)})
    parked = await engine.outbox.entries(("in_flight", "unknown", "parked"))
    stuck = [entry for entry in await engine.outbox.entries(("failed", "held")) if entry.rule is not None]
    look = {"see": "engintel outbox"} if parked or stuck else {}
    why = {"failed": len(stuck), "why": stuck[-1].reason} if stuck else {}
    state = "held" if parked or stuck else _OK
    checks.append({"part": "outbox", "state": state, "unsettled": len(parked), **why, **look})
    checks.append(_rules(engine))
    checks.append(await _webhooks(engine))
    return checks


def _store_check(name: str, store: StoreFigures, limit: float) -> dict[str, Any]:
    check = {"part": name, "state": store.state, **_told_by(store.inspection), "lag_seconds": store.lag_seconds}
    if store.behind:
        check["entries_behind"] = store.behind
    if store.again:
        check["to_fill_again"] = store.again
    if store.breaker != "closed":
        check |= {"breaker": store.breaker, "state": "down"}
    why = store.trouble(name, limit)
    if why is not None:
        check |= {"state": "down" if store.state == "down" or store.breaker != "closed" else "late", "why": why}
    return check


def _told_by(inspection: Inspection | None) -> dict[str, Any]:
    """What an engine says of itself, as far as there is anything to say."""
    if inspection is None:
        return {}
    told = {
        "engine": f"{inspection.engine} {inspection.version}".strip(),
        "schema": inspection.schema_version,
        "endpoint": inspection.endpoint,
    }
    return {name: value for name, value in told.items() if value}


async def _webhooks(engine: Engine) -> dict[str, Any]:
    """Which senders can prove who they are; a token of Notion's that waits to be set is told, and never shown."""
    offers, now = Offers(engine.log), engine.now()
    secrets = secrets_of(engine.settings)
    configured = [sender.name for sender in RULES.values() if secrets[sender.setting]]
    await offers.forget(now, all_of_them="notion" in configured)
    waiting = await offers.standing(now)
    see = {"notion": "a verification token came: `engintel doctor --notion-token` prints it"} if waiting else {}
    if not configured:
        return {"part": "webhooks", "state": "off", "why": "no sender has a secret", **see}
    return {"part": "webhooks", "state": _OK, "senders": ", ".join(configured), **see}


async def _show_offers(settings: Settings) -> int:
    """Print the tokens, and nothing else on stdout, so that one can be piped to where it belongs."""
    if settings.notion_webhook_token:
        raise Misconfigured("ENGINTEL_NOTION_WEBHOOK_TOKEN is set already: unset it to let Notion send another token.")
    async with open_engine(settings) as engine:
        offers = await Offers(engine.log).standing(engine.now())
    if not offers:
        raise Misconfigured(
            "No verification token came within the last hour: point the webhook at /webhooks/notion of this server, "
            "and let Notion send the token (again)."
        )
    for offer in offers:
        print(f"{offer.at:%Y-%m-%d %H:%M:%S} UTC", file=sys.stderr)
        print(offer.token)
    print(
        "Anybody may have sent these. Paste the newest into Notion; set ENGINTEL_NOTION_WEBHOOK_TOKEN to the one that "
        "Notion takes, and to no other.",
        file=sys.stderr,
    )
    return 0


async def _stream_checks(engine: Engine) -> list[dict[str, Any]]:
    if engine.stream is None or engine.drain is None:
        return []
    check: dict[str, Any] = {"part": "stream", "state": _OK, "engine": engine.stream.name}
    try:
        told = {"waiting": await engine.drain.waiting(), "set_aside_there": await engine.stream.set_aside()}
        check |= {name: count for name, count in told.items() if count is not None}
    except EngintelError as error:
        check |= {"state": "down", "why": str(error)}
    held = await engine.dead_letters.count()
    look = {"see": "engintel deadletters list"} if held else {}
    return [check, {"part": "dead letters", "state": "held" if held else _OK, "messages": held, **look}]


def _rules(engine: Engine) -> dict[str, Any]:
    rules = engine.automations.rules
    if rules.problems:
        return {"part": "rules", "state": "broken", "why": rules.problems[0], "see": "engintel automations list"}
    told = {"on": len(rules.book.enabled), "of": len(rules.book.rules), "from": rules.origin}
    return {"part": "rules", "state": _OK if engine.automations.active else "off", **told}


def _actions(settings: Settings) -> list[dict[str, Any]]:
    policy = settings.write_policy
    if not policy.allowed:
        return [{"part": "writes", "state": "off", "why": "ENGINTEL_WRITES is not set"}]
    checks: list[dict[str, Any]] = [{"part": "writes", "state": _OK, "allowed": ", ".join(policy.allowed)}]
    configured = {"jira": bool(settings.jira_url and settings.jira_token), "slack": bool(settings.slack_token)}
    for name, there in configured.items():
        wanted = any(target.startswith(f"{name}:") for target in policy.allowed)
        if wanted:
            missing = "its address or token is not set"
            checks.append({"part": name, "state": _OK} if there else {"part": name, "state": "down", "why": missing})
    return checks
