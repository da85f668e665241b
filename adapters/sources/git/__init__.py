"""A local clone read as events: its history, who is who in it, and what its files say about the project."""

from adapters.sources.git.reading import GitReading
from adapters.sources.git.repository import GitRepository

__all__ = ["GitReading", "GitRepository"]
