"""From a notification of Alertmanager to the figures of a project."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.acceptance.program import NOW, run
from tests.unit.deliveries.payloads_github import commit, deployment, push
from tests.unit.deliveries.test_alertmanager import alert, notification

DAYS = 6


def _at(day: int, hour: int = 0) -> str:
    return (datetime.fromisoformat(NOW) - timedelta(days=30 - day, hours=-hour)).isoformat()


def _line(source: str, body: Any, **headers: str) -> str:
    return json.dumps({"source": source, "headers": headers, "body": body})


def _deployed(day: int) -> list[str]:
    letter = "abcdef"[day]
    body = deployment("success")
    body["deployment"] |= {"id": day, "sha": letter * 40, "created_at": _at(day)}
    body["deployment_status"] |= {"id": 100 + day, "created_at": _at(day)}
    pushed = push(commit(letter, f"Change {day}"), after=letter * 40)
    return [
        _line("github", pushed, **{"X-GitHub-Event": "push", "X-GitHub-Delivery": f"p{day}"}),
        _line("github", body, **{"X-GitHub-Event": "deployment_status", "X-GitHub-Delivery": f"d{day}"}),
    ]


async def test_a_severe_alert_fails_the_deployment_before_it_and_its_end_is_the_recovery(home: Path) -> None:
    """Named by its service, in the words of monitoring; what had no room is said."""
    over = alert("resolved", startsAt=_at(2, 1), endsAt=_at(2, 4), labels={
        "alertname": "HighErrorRate", "service": "api", "severity": "critical"})  # fmt: skip
    lines = [line for day in range(DAYS) for line in _deployed(day)]
    file = home.parent / "deliveries.ndjson"
    file.write_text("\n".join([*lines, _line("alertmanager", notification(over, truncatedAlerts=3))]))
    read = await asyncio.to_thread(run, home, "ingest", "deliveries", str(file), ENGINTEL_NOW=NOW)
    assert read.returncode == 0, read.stderr

    asked = await asyncio.to_thread(run, home, "call", "get_project_health", "project=api", "--json", ENGINTEL_NOW=NOW)
    health = json.loads(asked.stdout)
    rate = next(each for each in health["metrics"] if each["name"] == "change_fail_rate")
    assert (rate["n"], rate["value"]) == (DAYS, round(1 / DAYS, 4)), rate
    assert "1 by same service incident" in rate["definition"]
    assert any("3 alerts had no room" in note for note in health["notes"]), health["notes"]
