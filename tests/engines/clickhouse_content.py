"""Everything that a ClickHouse holds of an organisation, as it counts: doubled rows once, states as what they say."""

from adapters.events.clickhouse_server import Server

_DROPPED = "SELECT entity_hash, position FROM dropped WHERE org = {org:String} AND dropped_at > 0"
_KEPT = f"(entity_hash, position) NOT IN ({_DROPPED})"
_CONTENT = {
    "events": f"""
        SELECT DISTINCT id, type, project, occurred_at, source, entity, account, event FROM events
        WHERE org = {{org:String}} AND {_KEPT}
    """,
    "acts": f"""
        SELECT DISTINCT account, type, occurred_at, project, entity_hash FROM acts
        WHERE org = {{org:String}} AND {_KEPT}
    """,
    "touches": f"""
        SELECT DISTINCT project, path, account, entity_hash, skill, occurred_at, folders FROM touches
        WHERE org = {{org:String}} AND {_KEPT}
    """,
    "skill_uses": f"""
        SELECT DISTINCT project, account, entity_hash, skill, occurred_at FROM skill_uses
        WHERE org = {{org:String}} AND {_KEPT}
    """,
    "works": f"""
        SELECT DISTINCT id, type, project, account, entity, occurred_at, title, words FROM works
        WHERE org = {{org:String}} AND {_KEPT}
    """,
    "dated_words": f"""
        SELECT DISTINCT word, entity_hash, id_hash, project, occurred_at FROM dated_words
        WHERE org = {{org:String}} AND {_KEPT}
    """,
    "word_counts": "SELECT word, uniqMerge(events) FROM word_counts WHERE org = {org:String} GROUP BY word",
    "seen": "SELECT account, type, max(last_at) FROM seen WHERE org = {org:String} GROUP BY account, type",
    "activity_hourly": """
        SELECT type, project, account, hour, groupBitmapMerge(entities), min(first_at), max(last_at)
        FROM activity_hourly WHERE org = {org:String} GROUP BY type, project, account, hour
    """,
    "activity_daily": """
        SELECT type, project, account, day, groupBitmapMerge(entities), min(first_at), max(last_at)
        FROM activity_daily WHERE org = {org:String} GROUP BY type, project, account, day
    """,
    "samples": """
        SELECT DISTINCT metric, series, occurred_at, project, labels, value FROM samples WHERE org = {org:String}
    """,
    "samples_hourly": """
        SELECT metric, series, hour, n, sumMerge(total), maxMerge(most), argMaxMerge(latest) FROM (
            SELECT * FROM samples_hourly WHERE org = {org:String} ORDER BY n DESC LIMIT 1 BY metric, series, hour
        ) GROUP BY metric, series, hour, n
    """,
    "samples_daily": """
        SELECT metric, series, day, n, sumMerge(total), maxMerge(most), argMaxMerge(latest) FROM (
            SELECT * FROM samples_daily WHERE org = {org:String} ORDER BY n DESC LIMIT 1 BY metric, series, day
        ) GROUP BY metric, series, day, n
    """,
    "dropped": "SELECT DISTINCT project, entity_hash FROM dropped WHERE org = {org:String}",
}


async def content(server: Server, org: str) -> dict[str, list[str]]:
    """By table, its rows as text, in an order of their own."""
    return {
        table: sorted(str(row) for row in await server.rows(statement, {"org": org}))
        for table, statement in _CONTENT.items()
    }
