"""A repository on GitHub as it stands while the story plays, and what people can do to it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.sources.sample.areas import Area
from adapters.sources.sample.ids import sha
from adapters.sources.sample.people import Person, Signature
from adapters.sources.sample.projects import Project
from adapters.sources.sample.records import (
    Commit,
    Deployment,
    DeploymentChanged,
    GitHubCommented,
    GitHubIssue,
    Outcome,
    PullRequest,
    PullRequestChanged,
    Pushed,
    Released,
    Reviewed,
    Verdict,
)
from adapters.sources.sample.roster import REVIEWER_BOT
from adapters.sources.sample.stage import Stage


class Repository:
    """One repository.

    Shape:
        main: commits of the default branch since the story began, oldest first.
        prs: pull requests by number, as they stand.
        deployed: how many commits of `main` are in production.
        shipping: whether a deployment is on its way; there is one at a time.
        mishaps: what is still to go wrong, soonest first.
    """

    def __init__(self, stage: Stage, project: Project) -> None:
        self.stage = stage
        self.project = project
        self.main: list[Commit] = []
        self.prs: dict[int, PullRequest] = {}
        self.deployed = 0
        self.shipping = False
        self.mishaps = list(project.pace.mishaps)
        self.attempts = 0
        self.releases = 0
        self._heads: dict[str, str] = {project.branch: sha(stage.seed, project.name, "before")}
        self._commits = 0
        self._branches: Counter[str] = Counter()
        self._next_number = project.first_number
        self._files = {area.prefix: list(area.files) for area in project.areas}
        self._spare = {area.prefix: list(area.spare) for area in project.areas}

    @property
    def head(self) -> str:
        """The newest commit of the default branch."""
        return self._heads[self.project.branch]

    def number(self) -> int:
        """The next number; issues and pull requests share them."""
        self._next_number += 1
        return self._next_number - 1

    def new_branch(self, name: str) -> str:
        """`name`, or `name` with a number where there was such a branch before."""
        self._branches[name] += 1
        return name if self._branches[name] == 1 else f"{name}-{self._branches[name]}"

    def write(
        self, area: Area, author: Person, message: str, at: datetime, signature: Signature | None = None
    ) -> Commit:
        """A commit by `author` in `area`, made at `at`, not yet pushed."""
        dice = self.stage.dice
        files, spare = self._files[area.prefix], self._spare[area.prefix]
        modified = dice.sample(files, k=dice.randint(1, min(3, len(files))))
        added, removed = [], []
        if spare and self.stage.chance(0.12):
            added = [spare.pop(0)]
            files.extend(added)
        elif len(files) > len(area.files) and self.stage.chance(0.05):
            removed = [files.pop()]
            spare.extend(removed)
            modified = [name for name in modified if name not in removed]
        return Commit(
            sha=self.new_sha(),
            message=message,
            author=author,
            signature=signature or self._signature(author),
            authored_at=at.replace(microsecond=0),
            added=tuple(map(area.path, added)),
            removed=tuple(map(area.path, removed)),
            modified=tuple(map(area.path, modified)),
            additions=dice.randint(4, 90),
            deletions=dice.randint(0, 45),
        )

    def edit(self, author: Person, message: str, paths: Sequence[str], *, web: bool = False) -> Commit:
        """A commit that changes exactly `paths`, made now, not yet pushed."""
        return Commit(
            sha=self.new_sha(),
            message=message,
            author=author,
            signature=self._web_signature(author) if web else self._signature(author),
            authored_at=self.stage.now,
            modified=tuple(paths),
            additions=self.stage.dice.randint(1, 12),
            deletions=self.stage.dice.randint(1, 12),
            web=web,
        )

    def new_sha(self) -> str:
        """A commit name that was never used."""
        self._commits += 1
        return sha(self.stage.seed, self.project.name, self._commits)

    def _signature(self, author: Person) -> Signature:
        usual, *others = author.signatures
        return self.stage.dice.choice(others) if others and self.stage.chance(0.25) else usual

    def in_production(self, commit_sha: str) -> bool:
        """Whether a commit of the default branch was deployed."""
        return any(commit.sha == commit_sha for commit in self.main[: self.deployed])

    def push(self, branch: str, commits: Sequence[Commit], pusher: Person, *, rewritten: str | None = None) -> None:
        """Move a branch forward by `commits`; a `rewritten` one loses what it pointed at before."""
        before = self._heads.get(branch)
        self._heads[branch] = commits[-1].sha
        if branch == self.project.branch:
            self.main.extend(commits)
        self.stage.record(
            Pushed(
                at=self.stage.now,
                project=self.project,
                branch=branch,
                before=before,
                after=commits[-1].sha,
                commits=tuple(commits),
                pusher=pusher,
                forced=rewritten is not None,
            )
        )

    def delete(self, branch: str, actor: Person) -> None:
        """Remove a branch."""
        before = self._heads.pop(branch)
        self.stage.record(Pushed(self.stage.now, self.project, branch, before, None, (), actor))

    def open(
        self,
        branch: str,
        commits: Sequence[Commit],
        author: Person,
        title: str,
        text: str,
        *,
        draft: bool = False,
        labels: tuple[str, ...] = (),
    ) -> int:
        """Open a pull request and give its number."""
        pr = PullRequest(
            id=self.stage.new_id("pull request", 2_406_118_000),
            project=self.project,
            number=self.number(),
            title=title,
            text=text,
            author=author,
            branch=branch,
            base_sha=self.head,
            commits=tuple(commits),
            created_at=self.stage.now,
            updated_at=self.stage.now,
            draft=draft,
            labels=labels,
        )
        self.prs[pr.number] = pr
        self.stage.record(PullRequestChanged(self.stage.now, "opened", pr, author))
        return pr.number

    def change(
        self,
        number: int,
        action: str,
        actor: Person,
        *,
        reviewer: Person | None = None,
        before: str | None = None,
        **fields: Any,  # noqa: ANN401 - whatever fields a pull request has
    ) -> PullRequest:
        """Set `fields` of a pull request, and record that GitHub calls it `action`."""
        pr = replace(self.prs[number], updated_at=self.stage.now, **fields)
        self.prs[number] = pr
        self.stage.record(PullRequestChanged(self.stage.now, action, pr, actor, reviewer, before))
        return pr

    def ask(self, number: int, reviewer: Person) -> None:
        """Ask somebody for a review, or ask them again."""
        pr = self.prs[number]
        asked = (*(person for person in pr.asked if person != reviewer), reviewer)
        self.change(number, "review_requested", pr.author, reviewer=reviewer, asked=asked)

    def extend(self, number: int, commits: Sequence[Commit]) -> None:
        """Push further commits to a pull request's branch."""
        pr = self.prs[number]
        before = self._heads[pr.branch]
        self.push(pr.branch, commits, pr.author)
        self.change(number, "synchronize", pr.author, before=before, commits=(*pr.commits, *commits))

    def rebase(self, number: int) -> None:
        """Rewrite a pull request's branch: new commits, made when the old ones were."""
        pr = self.prs[number]
        before = self._heads[pr.branch]
        commits = tuple(replace(commit, sha=self.new_sha()) for commit in pr.commits)
        self.push(pr.branch, commits, pr.author, rewritten=before)
        self.change(number, "synchronize", pr.author, before=before, commits=commits, base_sha=self.head)

    def review(self, number: int, reviewer: Person, verdict: Verdict, text: str) -> None:
        """Submit a review; GitHub takes the reviewer off the list of those asked."""
        pr = self.prs[number]
        pr = replace(pr, updated_at=self.stage.now, asked=tuple(person for person in pr.asked if person != reviewer))
        self.prs[number] = pr
        review_id = self.stage.new_id("review", 2_811_400_000)
        self.stage.record(Reviewed(self.stage.now, review_id, pr, reviewer, verdict, text))

    def comment(self, subject: PullRequest | GitHubIssue, author: Person, text: str) -> None:
        """Comment below a pull request or an issue."""
        comment_id = self.stage.new_id("comment", 3_120_700_000)
        self.stage.record(GitHubCommented(self.stage.now, comment_id, subject, author, text))

    def close(self, number: int, actor: Person) -> None:
        """Close a pull request without merging it."""
        self.change(number, "closed", actor, closed_at=self.stage.now)

    def merge(self, number: int, by: Person) -> PullRequest:
        """Merge a pull request the way the project does, and push the result to the default branch."""
        pr = self.prs[number]
        squashed = self.project.merge_style == "squash"
        author = pr.author if squashed else by
        bullets = "\n".join(f"* {commit.message}" for commit in pr.commits)
        paths = [path for commit in pr.commits for path in commit.added]
        revert = pr.commits[0].message.partition("\n\n")[2]
        commit = Commit(
            sha=self.new_sha(),
            message=f"{pr.title} (#{number})\n\n{revert or bullets}"
            if squashed
            else f"Merge pull request #{number} from {self.project.repo.partition('/')[0]}/{pr.branch}\n\n{pr.title}",
            author=author,
            signature=self._web_signature(author),
            authored_at=self.stage.now,
            added=tuple(dict.fromkeys(paths)),
            removed=tuple(dict.fromkeys(path for commit in pr.commits for path in commit.removed)),
            modified=tuple(sorted({path for commit in pr.commits for path in commit.modified}.difference(paths))),
            additions=sum(commit.additions for commit in pr.commits),
            deletions=sum(commit.deletions for commit in pr.commits),
            web=True,
            merge=not squashed,
        )
        pr = self.change(
            number,
            "closed",
            by,
            closed_at=self.stage.now,
            merged_at=self.stage.now,
            merged_by=by,
            merge_sha=commit.sha,
        )
        self.push(self.project.branch, (commit,) if squashed else (*pr.commits, commit), by)
        if self.project.deletes_branches:
            self.delete(pr.branch, by)
        return pr

    def _web_signature(self, person: Person) -> Signature:
        # The account's first mail is often the private one: it was there before the job.
        first, *_, last = (signatures := person.web_signatures) * 2
        return last if len(signatures) > 1 and self.stage.chance(0.7) else first

    def deploy(self, deployment: Deployment, outcome: Outcome) -> None:
        """Record that a deployment reached a state."""
        status_id = self.stage.new_id("deployment status", 4_480_900_000)
        self.stage.record(DeploymentChanged(self.stage.now, status_id, deployment, outcome))

    def release(self, deployment: Deployment) -> None:
        """Publish a version of what was deployed."""
        self.releases += 1
        text = "\n".join(
            f"- {commit.message.splitlines()[0]}" for commit in self.main if commit.sha in deployment.contains
        )
        self.stage.record(
            Released(
                at=self.stage.now,
                id=self.stage.new_id("release", 178_200_000),
                project=self.project,
                tag=f"v3.{self.releases + 11}.0",
                sha=deployment.sha,
                text=text,
                author=REVIEWER_BOT,
            )
        )
