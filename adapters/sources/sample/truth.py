"""The truth: everything that a check may ask about the sample, computed from the ledger."""

from typing import Any, Final

from adapters.sources.sample.activity import activity, issues, open_work
from adapters.sources.sample.facts import facts
from adapters.sources.sample.ledger import Ledger, stamp
from adapters.sources.sample.notion import ROADMAP, ROSTER
from adapters.sources.sample.outcomes import delivery, sprints
from adapters.sources.sample.people import COMPANY, ORG, Person
from adapters.sources.sample.projects import PROJECTS
from adapters.sources.sample.roster import BOTS, PEOPLE, TEAMS
from adapters.sources.sample.stage import DAYS

DEFINITIONS: Final = {
    "window": "until - N * 24 h <= t < until, in UTC",
    "commits": "on the default branch at until, each sha once, merge commits included, by author, t = authored time;"
    " commits that cannot be attributed are in commits_unattributed only",
    "prs_opened": "by author, t = created_at",
    "prs_merged": "by author, t = merged_at",
    "reviews": "each submitted review by reviewer, t = submitted_at; comments are not reviews",
    "issues_completed": "by assignee at until and Jira project: done at until, t = last move to Done",
    "bots": "commits, prs_opened, prs_merged and reviews of bots; they are in no other table",
    "open_work": "at until: assigned issues not done and not deleted; own open pull requests, drafts included; open "
    "pull requests that have the person among their requested reviewers",
    "deployments": "distinct production deployments with a success that finished in the window; each is in list",
    "shas_first_contained": "commits pushed to the default branch up to the deployed sha and not up to an earlier "
    "successful production deployment's, oldest first; prs are those whose merge commit is among them",
    "lead_times": "pull requests first contained in a deployment of the window: first authored commit of the branch to "
    "the deployment's success; people and bots, marked; lead_time_median_hours is of people's alone",
    "failed": "deployments of the window that an incident names or whose pull request was reverted; kind is "
    "incident if both. restored_at: the incident's last Done, else the success of the deployment with the"
    " revert",
    "unsuccessful_runs": "production deployments that ended in failure or error: not deployments, and not failed ones",
    "never_deployed": "numbers of merged pull requests that no deployment contains at until",
    "pickups": "first review by a person other than the author in the window, minus the moment at which the pull "
    "request last became ready (opened not as a draft, or ready_for_review) before it",
    "committed_points": "points in the sprint when it was started; an issue without points counts 0",
    "completed_points": "points of issues in the sprint that are done when it is closed, those added later included",
    "added_after_start_points": "points in the sprint when it is closed that were not in it when it was started",
    "blocked_hours": "time in Blocked, up to until",
    "first_in_progress_at": "first move to a status of category indeterminate",
    "median": "the mean of the middle two for an even n",
}


def tell(ledger: Ledger, seed: int) -> dict[str, Any]:
    """The whole truth, as JSON can say it."""
    delivered = delivery(ledger)
    return {
        "company": COMPANY,
        "org": ORG,
        "until": stamp(ledger.until),
        "days": DAYS,
        "seed": seed,
        "definitions": dict(DEFINITIONS),
        "notion": {"people_data_source_id": ROSTER, "roadmap_data_source_id": ROADMAP},
        "people": [_person(ledger, person) for person in (*PEOPLE, *BOTS)],
        "teams": [
            {
                "name": team.name,
                "slug": team.slug,
                "members": [person.name for person in PEOPLE if person.team == team.name],
            }
            for team in TEAMS
        ],
        "projects": [
            {
                "name": project.name,
                "repo": project.repo,
                "jira_key": project.key,
                "team": project.team,
                "slack_channel": project.slack,
                "notion_page_id": project.page,
                "depends_on": list(project.depends_on),
                "default_branch": project.branch,
                "merge_style": project.merge_style,
            }
            for project in PROJECTS
        ],
        **activity(ledger),
        "open_work": open_work(ledger),
        "delivery": delivered,
        "sprints": sprints(ledger),
        "issues": issues(ledger),
        "facts": facts(ledger, delivered),
    }


def _person(ledger: Ledger, person: Person) -> dict[str, Any]:
    used = {commit.signature for _, commit in ledger.commits if commit.author == person and commit.attributable}
    known = (*person.signatures, *(signature for signature in person.web_signatures if signature in used))
    away = person.away_until(ledger.until)
    return {
        "name": person.name,
        "email": person.email or None,
        "team": person.team or None,
        "role": person.role,
        "allocation": person.allocation,
        "away_until": away.isoformat() if away else None,
        "github": {"login": person.login, "id": person.github_id},
        "jira_account_id": person.jira_id or None,
        "jira_display_name": person.jira_name or None,
        "slack_id": person.slack_id or None,
        "notion_page_id": None if person.bot else person.row,
        "notion_user_id": None if person.bot else person.notion_user,
        "git_signatures": list(dict.fromkeys(f"{each.name} <{each.email}>" for each in known)),
        "bot": person.bot,
    }
