"""Deliveries of every source as events, whether received now or recorded in a file."""

from adapters.sources.deliveries.mapping import SOURCES, events_of
from adapters.sources.deliveries.parsing import parsed
from adapters.sources.deliveries.reading import LINE_LIMIT, Delivery, Line, read_deliveries

__all__ = ["LINE_LIMIT", "SOURCES", "Delivery", "Line", "events_of", "parsed", "read_deliveries"]
