"""GitHub as a polled source: a repository's pull requests, issues, commits, deployments, and deliveries we missed."""

from adapters.sources.github.repository import GitHubRepository

__all__ = ["GitHubRepository"]
