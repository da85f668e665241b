"""What Brambleway builds: eight projects, the names each has in each source, and what they depend on."""

from dataclasses import dataclass
from typing import Final, Literal

from adapters.sources.sample.areas import AREAS, Area
from adapters.sources.sample.ids import uuid
from adapters.sources.sample.paces import PACES, Pace
from adapters.sources.sample.people import ORG

MergeStyle = Literal["squash", "merge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project, its names in each source, and its row in the roadmap.

    Shape:
        key, jira_id: the Jira project.
        target_days: days after the end of the sample at which the roadmap wants it done.
        branch: what it releases from.
        sprints: whether its team plans in sprints.
        deletes_branches: whether GitHub deletes a branch once it is merged.
        first_number, first_key: where pull requests and issues begin to count; there was life before the sample.
    """

    name: str
    about: str
    language: str
    team: str
    repo_id: int
    first_number: int
    key: str
    jira_id: int
    first_key: int
    status: str
    priority: str
    target_days: int
    depends_on: tuple[str, ...] = ()
    merge_style: MergeStyle = "squash"
    branch: str = "main"
    sprints: bool = True
    deletes_branches: bool = False

    @property
    def repo(self) -> str:
        """`org/repo`, as GitHub writes it."""
        return f"{ORG}/{self.name}"

    @property
    def page(self) -> str:
        """The id of the project's row in the roadmap, which is also the parent of its documents."""
        return uuid("notion roadmap", self.name)

    @property
    def slack(self) -> str:
        """The channel its people meet in."""
        return f"#proj-{self.name}"

    @property
    def areas(self) -> tuple[Area, ...]:
        """Its parts."""
        return AREAS[self.name]

    @property
    def pace(self) -> Pace:
        """How it works."""
        return PACES[self.name]


PROJECTS: Final = (
    Project(
        name="payouts",
        about="Pays merchants: the ledger, retries and bank files",
        language="Go",
        team="Payments",
        repo_id=214_880_317,
        first_number=311,
        key="PAY",
        jira_id=10_011,
        first_key=401,
        status="In progress",
        priority="High",
        target_days=40,
        depends_on=("platform-infra",),
        branch="master",
    ),
    Project(
        name="checkout",
        about="Carts, prices and payments up to the placed order",
        language="Java",
        team="Payments",
        repo_id=214_902_655,
        first_number=188,
        key="CHK",
        jira_id=10_012,
        first_key=240,
        status="At risk",
        priority="Critical",
        target_days=12,
        depends_on=("payouts",),
    ),
    Project(
        name="storefront",
        about="The web shop that customers see",
        language="TypeScript",
        team="Shopping",
        repo_id=198_337_420,
        first_number=702,
        key="WEB",
        jira_id=10_013,
        first_key=553,
        status="In progress",
        priority="High",
        target_days=65,
        depends_on=("checkout", "search"),
        deletes_branches=True,
    ),
    Project(
        name="search",
        about="Finds products: indexing, ranking, suggestions",
        language="Python",
        team="Shopping",
        repo_id=205_118_093,
        first_number=1_204,
        key="SRCH",
        jira_id=10_014,
        first_key=318,
        status="On track",
        priority="Medium",
        target_days=90,
        depends_on=("data-warehouse",),
    ),
    Project(
        name="dispatch",
        about="Plans tours: routing, assignment of couriers, tracking",
        language="Java",
        team="Logistics",
        repo_id=221_640_758,
        first_number=520,
        key="DSP",
        jira_id=10_015,
        first_key=377,
        status="In progress",
        priority="Critical",
        target_days=30,
        depends_on=("courier-app", "platform-infra"),
    ),
    Project(
        name="courier-app",
        about="What couriers carry: tours, scanning, proof of delivery",
        language="Kotlin",
        team="Logistics",
        repo_id=233_075_186,
        first_number=265,
        key="CRR",
        jira_id=10_016,
        first_key=190,
        status="In progress",
        priority="Medium",
        target_days=55,
        depends_on=("dispatch",),
        merge_style="merge",
    ),
    Project(
        name="platform-infra",
        about="Networks, clusters and databases as Terraform",
        language="HCL",
        team="Platform",
        repo_id=188_412_904,
        first_number=431,
        key="OPS",
        jira_id=10_017,
        first_key=82,
        status="On track",
        priority="Medium",
        target_days=120,
        merge_style="merge",
        sprints=False,
        deletes_branches=True,
    ),
    Project(
        name="data-warehouse",
        about="Models and pipelines behind every report",
        language="SQL",
        team="Platform",
        repo_id=240_951_377,
        first_number=147,
        key="DATA",
        jira_id=10_018,
        first_key=129,
        status="On track",
        priority="Low",
        target_days=75,
        sprints=False,
    ),
)

_BY_NAME: Final = {project.name: project for project in PROJECTS}


def project(name: str) -> Project:
    """The project of that name."""
    return _BY_NAME[name]
