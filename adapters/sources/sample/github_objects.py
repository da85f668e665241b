"""The things that GitHub's webhooks are about, as GitHub's API writes them.

Shapes: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from adapters.sources.sample.ids import sha
from adapters.sources.sample.people import ORG, ORG_ID, Person, Team
from adapters.sources.sample.projects import Project
from adapters.sources.sample.records import (
    Commit,
    DeploymentChanged,
    GitHubCommented,
    GitHubIssue,
    PullRequest,
    Pushed,
    Released,
    Reviewed,
    RunCompleted,
)

Json = dict[str, Any]
_API: Final = "https://api.github.com"


def time(moment: datetime | None) -> str | None:
    """A moment in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def user(person: Person) -> Json:
    """An account; an app has the type `Bot`."""
    path = f"apps/{person.login.removesuffix('[bot]')}" if person.bot else person.login
    return {
        "login": person.login,
        "id": person.github_id,
        "node_id": f"U_{sha('user', person.github_id)[:14]}",
        "avatar_url": f"https://avatars.example/u/{person.github_id}",
        "url": f"{_API}/users/{person.login}",
        "html_url": f"https://github.com/{path}",
        "type": "Bot" if person.bot else "User",
        "site_admin": False,
    }


def organization() -> Json:
    """The organisation that owns every repository."""
    return {
        "login": ORG,
        "id": ORG_ID,
        "node_id": f"O_{sha('org')[:14]}",
        "url": f"{_API}/orgs/{ORG}",
        "avatar_url": f"https://avatars.example/u/{ORG_ID}",
        "description": "Groceries, brought to the door",
    }


def team(subject: Team) -> Json:
    """A team of the organisation."""
    return {
        "name": subject.name,
        "id": subject.github_id,
        "node_id": f"T_{sha('team', subject.slug)[:14]}",
        "slug": subject.slug,
        "description": None,
        "privacy": "closed",
        "permission": "push",
        "url": f"{_API}/organizations/{ORG_ID}/team/{subject.github_id}",
        "html_url": f"https://github.com/orgs/{ORG}/teams/{subject.slug}",
        "parent": None,
    }


def repository(project: Project) -> Json:
    """A repository, shorter than in reality."""
    return {
        "id": project.repo_id,
        "node_id": f"R_{sha('repo', project.repo_id)[:14]}",
        "name": project.name,
        "full_name": project.repo,
        "private": True,
        "owner": {
            "login": ORG,
            "id": ORG_ID,
            "avatar_url": f"https://avatars.example/u/{ORG_ID}",
            "html_url": f"https://github.com/{ORG}",
            "type": "Organization",
            "site_admin": False,
        },
        "html_url": f"https://github.com/{project.repo}",
        "description": project.about,
        "fork": False,
        "url": f"{_API}/repos/{project.repo}",
        "clone_url": f"https://github.com/{project.repo}.git",
        "language": project.language,
        "archived": False,
        "topics": [],
        "visibility": "private",
        "default_branch": project.branch,
    }


def commit(subject: Commit, push: Pushed) -> Json:
    """A commit as a push lists it, without its parents."""
    author: Json = {"name": subject.signature.name, "email": subject.signature.email}
    if subject.signature.known:
        author["username"] = subject.author.login
    by_github = {"name": "GitHub", "email": "noreply@github.com", "username": "web-flow"}
    local = timezone(timedelta(minutes=subject.author.offset)) if subject.author.offset else UTC
    written = subject.authored_at.astimezone(local).isoformat()
    return {
        "id": subject.sha,
        "tree_id": sha("tree", subject.sha),
        # A merge brings commits along that were pushed on their branch before.
        "distinct": not push.default or subject is push.commits[-1] or len(push.commits) == 1,
        "message": subject.message,
        "timestamp": written if subject.author.offset else written.replace("+00:00", "Z"),
        "url": f"https://github.com/{push.project.repo}/commit/{subject.sha}",
        "author": author,
        "committer": by_github if subject.web else dict(author),
        "added": list(subject.added),
        "removed": list(subject.removed),
        "modified": list(subject.modified),
    }


def pull_request(pr: PullRequest) -> Json:
    """A pull request, as it stood."""
    api = f"{_API}/repos/{pr.project.repo}"
    files = {path for commit in pr.commits for path in commit.paths}
    whole = repository(pr.project)
    repo = {key: whole[key] for key in ("id", "name", "full_name", "private", "html_url")}
    return {
        "url": f"{api}/pulls/{pr.number}",
        "id": pr.id,
        "node_id": f"PR_{sha('pr', pr.id)[:16]}",
        "html_url": pr.url,
        "diff_url": f"{pr.url}.diff",
        "issue_url": f"{api}/issues/{pr.number}",
        "number": pr.number,
        "state": "open" if pr.open else "closed",
        "locked": False,
        "title": pr.title,
        "user": user(pr.author),
        "body": pr.text,
        "created_at": time(pr.created_at),
        "updated_at": time(pr.updated_at),
        "closed_at": time(pr.closed_at),
        "merged_at": time(pr.merged_at),
        "merge_commit_sha": pr.merge_sha or sha("test merge", pr.commits[-1].sha),
        "assignee": user(pr.author) if not pr.author.bot else None,
        "assignees": [user(pr.author)] if not pr.author.bot else [],
        "requested_reviewers": [user(person) for person in pr.asked],
        "requested_teams": [],
        "labels": [{"id": int(sha("label", name)[:8], 16), "name": name, "color": "0366d6"} for name in pr.labels],
        "milestone": None,
        "draft": pr.draft,
        "commits_url": f"{api}/pulls/{pr.number}/commits",
        "head": {
            "label": f"{ORG}:{pr.branch}",
            "ref": pr.branch,
            "sha": pr.commits[-1].sha,
            "repo": repo,
        },
        "base": {"label": f"{ORG}:{pr.project.branch}", "ref": pr.project.branch, "sha": pr.base_sha, "repo": repo},
        "author_association": "CONTRIBUTOR" if pr.author.bot else "MEMBER",
        "auto_merge": None,
        "merged": pr.merged_at is not None,
        "mergeable": None if pr.merged_at else True,
        "merged_by": user(pr.merged_by) if pr.merged_by else None,
        "comments": 0,
        "review_comments": 0,
        "commits": len(pr.commits),
        "additions": sum(commit.additions for commit in pr.commits),
        "deletions": sum(commit.deletions for commit in pr.commits),
        "changed_files": len(files),
    }


def review(record: Reviewed) -> Json:
    """A submitted review."""
    return {
        "id": record.id,
        "node_id": f"PRR_{sha('review', record.id)[:16]}",
        "user": user(record.reviewer),
        "body": record.text or None,
        "commit_id": record.pr.commits[-1].sha,
        "submitted_at": time(record.at),
        "state": record.verdict,
        "html_url": f"{record.pr.url}#pullrequestreview-{record.id}",
        "pull_request_url": f"{_API}/repos/{record.pr.project.repo}/pulls/{record.pr.number}",
        "author_association": "NONE" if record.reviewer.bot else "MEMBER",
    }


def issue(subject: GitHubIssue | PullRequest) -> Json:
    """An issue; GitHub shows a pull request as one too, where it is commented on."""
    kind = "pull" if isinstance(subject, PullRequest) else "issues"
    url = f"https://github.com/{subject.project.repo}/{kind}/{subject.number}"
    body: Json = {
        "url": f"{_API}/repos/{subject.project.repo}/issues/{subject.number}",
        "id": subject.id + (1 if isinstance(subject, PullRequest) else 0),
        "html_url": url,
        "number": subject.number,
        "title": subject.title,
        "user": user(subject.author),
        "labels": [],
        "state": "closed" if subject.closed_at else "open",
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": 0,
        "created_at": time(subject.created_at),
        "updated_at": time(subject.closed_at or subject.created_at),
        "closed_at": time(subject.closed_at),
        "author_association": "MEMBER",
        "body": subject.text,
    }
    if isinstance(subject, PullRequest):
        body["draft"] = subject.draft
        body["pull_request"] = {"html_url": subject.url, "merged_at": time(subject.merged_at)}
    return body


def run(record: RunCompleted) -> Json:
    """A run of a workflow, completed."""
    return {
        "id": record.id,
        "name": record.name,
        "node_id": f"WFR_{sha('run', record.id)[:16]}",
        "head_branch": record.branch,
        "head_sha": record.sha,
        "path": f".github/workflows/{record.name}.yml",
        "run_number": record.id % 10_000,
        "event": "push",
        "status": "completed",
        "conclusion": record.conclusion,
        "workflow_id": record.project.repo_id // 3,
        "check_suite_id": record.id + 11_000_000_000,
        "url": f"{_API}/repos/{record.project.repo}/actions/runs/{record.id}",
        "html_url": f"https://github.com/{record.project.repo}/actions/runs/{record.id}",
        "pull_requests": [],
        "created_at": time(record.started_at),
        "updated_at": time(record.at),
        "run_attempt": record.attempt,
        "run_started_at": time(record.started_at),
        "actor": user(record.actor),
        "triggering_actor": user(record.actor),
    }


def release(record: Released) -> Json:
    """A published release."""
    return {
        "id": record.id,
        "node_id": f"RE_{sha('release', record.id)[:16]}",
        "url": f"{_API}/repos/{record.project.repo}/releases/{record.id}",
        "html_url": f"https://github.com/{record.project.repo}/releases/tag/{record.tag}",
        "tag_name": record.tag,
        "target_commitish": record.sha,
        "name": record.tag,
        "draft": False,
        "prerelease": False,
        "author": user(record.author),
        "created_at": time(record.at),
        "published_at": time(record.at),
        "body": record.text,
        "assets": [],
    }


def deployment(record: DeploymentChanged) -> Json:
    """A deployment, as it stood when it reached a state."""
    subject = record.deployment
    return {
        "url": _deployment_url(record),
        "id": subject.id,
        "node_id": f"DE_{sha('deployment', subject.id)[:16]}",
        "task": "deploy",
        "environment": subject.environment,
        "original_environment": subject.environment,
        "description": None,
        "created_at": time(subject.created_at),
        "updated_at": time(record.at),
        "sha": subject.sha,
        "ref": subject.project.branch,
        "payload": {},
        "transient_environment": False,
        "production_environment": subject.environment == "production",
        "creator": user(subject.creator),
    }


def deployment_status(record: DeploymentChanged) -> Json:
    """The state that a deployment reached."""
    url = _deployment_url(record)
    return {
        "url": f"{url}/statuses/{record.status_id}",
        "id": record.status_id,
        "state": record.outcome,
        "creator": user(record.deployment.creator),
        "description": "",
        "environment": record.deployment.environment,
        "target_url": "",
        "created_at": time(record.at),
        "updated_at": time(record.at),
        "deployment_url": url,
    }


def _deployment_url(record: DeploymentChanged) -> str:
    return f"{_API}/repos/{record.deployment.project.repo}/deployments/{record.deployment.id}"


def comment(record: GitHubCommented) -> Json:
    """A comment below an issue or a pull request."""
    below = issue(record.subject)
    return {
        "id": record.id,
        "html_url": f"{below['html_url']}#issuecomment-{record.id}",
        "issue_url": below["url"],
        "user": user(record.author),
        "created_at": time(record.at),
        "updated_at": time(record.at),
        "author_association": "NONE" if record.author.bot else "MEMBER",
        "body": record.text,
    }
