"""Deliveries of GitHub, Jira, Notion and Prometheus as events, whether received now or recorded in a file."""

from adapters.sources.deliveries.mapping import SOURCES, events_of
from adapters.sources.deliveries.reading import LINE_LIMIT, Delivery, Line, read_deliveries

__all__ = ["LINE_LIMIT", "SOURCES", "Delivery", "Line", "events_of", "read_deliveries"]
