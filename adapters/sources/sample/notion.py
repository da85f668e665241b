"""Records as pages in the shape that Notion's API returns them, with their blocks beside them.

Shapes: https://developers.notion.com/reference/page and .../reference/block
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

from adapters.sources.sample.documents import DOCUMENTS, Document
from adapters.sources.sample.ids import uuid
from adapters.sources.sample.people import Person
from adapters.sources.sample.projects import Project, project
from adapters.sources.sample.records import PageSaved

Json = dict[str, Any]
ROSTER: Final = uuid("notion data source", "People")
"""The data source that holds the roster."""
ROADMAP: Final = uuid("notion data source", "Roadmap")
"""The data source that holds the roadmap."""


def delivery(record: PageSaved, until: datetime) -> Json:
    """The page as a poll finds it; dates in the roadmap count from `until`."""
    subject = record.subject
    blocks: list[Json] = []
    if isinstance(subject, Person):
        parent, title = _row_of(ROSTER), subject.name
        properties = _person(subject, record.away_until)
    elif isinstance(subject, Project):
        parent, title = _row_of(ROADMAP), subject.name
        properties = _project(subject, until)
    else:
        document = DOCUMENTS[subject]
        parent, title = {"type": "page_id", "page_id": project(document.project).page}, document.title
        properties = {"title": {"id": "title", "type": "title", "title": _rich(title)}}
        blocks = _blocks(document, record)
    body = {
        "object": "page",
        "id": record.page_id,
        "created_time": _time(record.created_at),
        "last_edited_time": _time(record.at),
        "created_by": {"object": "user", "id": record.editor.notion_user},
        "last_edited_by": {"object": "user", "id": record.editor.notion_user},
        "cover": None,
        "icon": None,
        "parent": parent,
        "archived": False,
        "in_trash": False,
        "properties": properties,
        "url": f"https://www.notion.so/{record.page_id.replace('-', '')}",
        "public_url": None,
        "blocks": blocks,
    }
    return {"source": "notion", "headers": {}, "body": body}


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:00.000Z")


def _row_of(data_source: str) -> Json:
    return {
        "type": "data_source_id",
        "data_source_id": data_source,
        "database_id": uuid("database", data_source),
    }


def _rich(text: str) -> list[Json]:
    if not text:
        return []
    return [
        {
            "type": "text",
            "text": {"content": text, "link": None},
            "annotations": {"bold": False, "italic": False, "code": False, "color": "default"},
            "plain_text": text,
            "href": None,
        }
    ]


def _property(name: str, kind: str, content: object) -> Json:
    return {"id": uuid("property", name)[:4], "type": kind, kind: content}


def _option(name: str) -> Json:
    return {"id": uuid("option", name), "name": name, "color": "default"}


def _person(person: Person, away_until: date | None) -> Json:
    away = {"start": away_until.isoformat(), "end": None, "time_zone": None} if away_until else None
    return {
        "Name": {"id": "title", "type": "title", "title": _rich(person.name)},
        "Email": _property("Email", "email", person.email),
        "GitHub": _property("GitHub", "rich_text", _rich(person.login)),
        "Jira": _property("Jira", "rich_text", _rich(person.jira_id)),
        "Slack": _property("Slack", "rich_text", _rich(person.slack_id)),
        "Team": _property("Team", "select", _option(person.team)),
        "Role": _property("Role", "select", _option(person.role)),
        "Allocation": _property("Allocation", "number", person.allocation),
        "Away until": _property("Away until", "date", away),
    }


def _project(row: Project, until: datetime) -> Json:
    target = (until + timedelta(days=row.target_days)).date().isoformat()
    return {
        "Name": {"id": "title", "type": "title", "title": _rich(row.name)},
        "Summary": _property("Summary", "rich_text", _rich(row.about)),
        "Repository": _property("Repository", "rich_text", _rich(row.repo)),
        "Jira project": _property("Jira project", "rich_text", _rich(row.key)),
        "Owner team": _property("Owner team", "select", _option(row.team)),
        "Status": _property("Status", "status", _option(row.status)),
        "Priority": _property("Priority", "select", _option(row.priority)),
        "Target date": _property("Target date", "date", {"start": target, "end": None, "time_zone": None}),
        "Slack channel": _property("Slack channel", "rich_text", _rich(row.slack)),
        "Depends on": _property("Depends on", "relation", [{"id": project(name).page} for name in row.depends_on])
        | {"has_more": False},
    }


def _blocks(document: Document, record: PageSaved) -> list[Json]:
    """A document's Markdown as blocks."""
    blocks: list[Json] = []
    code: list[str] | None = None
    content: Json
    for line in document.text.splitlines():
        if line.startswith("```"):
            if code is None:
                code = []
            else:
                content = {"rich_text": _rich("\n".join(code)), "language": "shell", "caption": []}
                blocks.append(_block("code", content, len(blocks), record))
                code = None
        elif code is not None:
            code.append(line)
        elif line.strip():
            kind, text = _kind(line)
            content = {"rich_text": _rich(text), "color": "default"}
            if kind == "to_do":
                content |= {"checked": False}
            blocks.append(_block(kind, content, len(blocks), record))
    return blocks


def _kind(line: str) -> tuple[str, str]:
    """A line's kind of block, and what remains of it as text."""
    for mark, kind in (
        ("### ", "heading_3"),
        ("## ", "heading_2"),
        ("# ", "heading_1"),
        ("- [ ] ", "to_do"),
        ("- ", "bulleted_list_item"),
    ):
        if line.startswith(mark):
            return kind, line.removeprefix(mark)
    return "paragraph", line


def _block(kind: str, content: Json, index: int, record: PageSaved) -> Json:
    return {
        "object": "block",
        "id": uuid("block", record.page_id, index),
        "parent": {"type": "page_id", "page_id": record.page_id},
        "created_time": _time(record.created_at),
        "last_edited_time": _time(record.at),
        "created_by": {"object": "user", "id": record.editor.notion_user},
        "last_edited_by": {"object": "user", "id": record.editor.notion_user},
        "has_children": False,
        "archived": False,
        "type": kind,
        kind: content,
    }
