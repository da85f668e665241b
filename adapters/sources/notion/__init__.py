"""Notion as a polled source: every page that is shared with us, as text, as a row of the roster or of the roadmap."""

from adapters.sources.notion.client import NotionClient
from adapters.sources.notion.pages import fetch_page
from adapters.sources.notion.workspace import NotionWorkspace

__all__ = ["NotionClient", "NotionWorkspace", "fetch_page"]
