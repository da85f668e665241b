"""Jira as a polled source: a project's issues with their history and comments, and the sprints of its boards."""

from adapters.sources.jira.project import JiraProject

__all__ = ["JiraProject"]
