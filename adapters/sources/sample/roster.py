"""Who works at Brambleway, an invented grocery delivery company: four teams of six people, and two bots."""

from typing import Final

from adapters.sources.sample.people import MAIL, Person, Signature, Team, bot, employee

TEAMS: Final = (
    Team("Payments", "payments", 5_204_811),
    Team("Shopping", "shopping", 5_204_837),
    Team("Logistics", "logistics", 5_204_870),
    Team("Platform", "platform", 5_391_126),
)

ENGINEER: Final = "Software engineer"
SENIOR: Final = "Senior engineer"
STAFF: Final = "Staff engineer"

PEOPLE: Final = (
    employee(
        "Amara Okafor",
        "Payments",
        STAFF,
        login="amara-o",
        github_id=8_112_405,
        jira_name="Amara Okafor",
        mails=("noreply",),
        offset=60,
    ),
    employee(
        "Daniel Krüger",
        "Payments",
        SENIOR,
        login="dkrueger",
        github_id=14_730_216,
        jira_name="Krüger, Daniel",
        mails=(
            "noreply",
            "d.krueger@post.example",
        ),
        git_name="Daniel Krueger",
        offset=120,
    ),
    employee(
        "Núria Ferrer",
        "Payments",
        ENGINEER,
        login="nferrer",
        github_id=52_019_883,
        jira_name="Núria Ferrer",
        git_name="Nuria Ferrer",
    ),
    employee(
        "Samir Haddad",
        "Payments",
        ENGINEER,
        login="samirh",
        github_id=61_744_102,
        jira_name="Haddad, Samir",
        mails=("noreply",),
        offset=180,
    ),
    employee(
        "Maria Schmidt",
        "Payments",
        SENIOR,
        login="maria-codes",
        github_id=23_908_514,
        jira_name="Schmidt, Maria",
        email=f"mschmidt@{MAIL}",
        offset=120,
    ),
    employee(
        "Kofi Mensah",
        "Payments",
        ENGINEER,
        login="kmensah7",
        github_id=77_310_945,
        jira_name="Kofi Mensah",
        mails=("kofi@mensah.example",),
        linked=False,
    ),
    employee(
        "田中 美咲",
        "Shopping",
        SENIOR,
        login="misakit",
        github_id=19_204_663,
        jira_name="Tanaka, Misaki",
        mails=("misaki@tanaka.example",),
        git_name="Misaki Tanaka",
        offset=120,
    ),
    employee(
        "Daniel Osei",
        "Shopping",
        ENGINEER,
        login="osei-d",
        github_id=40_618_270,
        jira_name="Daniel Osei",
        mails=("noreply",),
    ),
    employee(
        "Zoë Lefèvre",
        "Shopping",
        STAFF,
        login="zoelf",
        github_id=6_350_127,
        jira_name="Lefèvre, Zoë",
        mails=(Signature("zoe", "6350127+zoelf@users.noreply.github.com"),),
        git_name="Zoe Lefevre",
        offset=120,
    ),
    employee(
        "Leon Fischer",
        "Shopping",
        ENGINEER,
        login="leonfi",
        github_id=88_420_391,
        jira_name="Leon Fischer",
        offset=120,
    ),
    employee(
        "Martin Schmidt",
        "Shopping",
        ENGINEER,
        login="mschmidt",
        github_id=31_577_048,
        jira_name="M. Schmidt",
        mails=("martin@schmidt.example",),
        offset=120,
    ),
    employee(
        "Eleni Papadaki",
        "Shopping",
        "Engineering manager",
        login="elenip",
        github_id=12_665_930,
        jira_name="Papadaki, Eleni",
        offset=180,
        allocation=0.2,
    ),
    employee(
        "Ingrid Solheim",
        "Logistics",
        STAFF,
        login="isolheim",
        github_id=4_881_736,
        jira_name="Ingrid Solheim",
        mails=("noreply",),
        offset=120,
    ),
    employee(
        "Tomasz Wójcik",
        "Logistics",
        SENIOR,
        login="twojcik",
        github_id=27_093_415,
        jira_name="Wójcik, Tomasz",
        mails=("noreply",),
        git_name="Tomasz Wojcik",
        offset=120,
        rests=18,
    ),
    employee(
        "Olga Petrenko",
        "Logistics",
        SENIOR,
        login="olgapet",
        github_id=35_206_991,
        jira_name="Olga Petrenko",
        linked=False,
    ),
    employee(
        "Rafael Monteiro",
        "Logistics",
        ENGINEER,
        login="rmonteiro",
        github_id=46_903_158,
        jira_name="Monteiro, Rafael",
        mails=("noreply",),
        offset=60,
        rests=27,
        returns=12,
    ),
    employee(
        "Hannah Weiss",
        "Logistics",
        "Product manager",
        login="hannahweiss",
        github_id=59_127_604,
        jira_name="Hannah Weiss",
    ),
    employee(
        "Yusuf Demir",
        "Logistics",
        ENGINEER,
        login="ydemir",
        github_id=70_815_239,
        jira_name="Demir, Yusuf",
        stray=(Signature("yusuf", "yusuf@laptop.local", known=False), Signature("yusuf", "hello", known=False)),
    ),
    employee(
        "Priya Raman",
        "Platform",
        SENIOR,
        login="priyaraman",
        github_id=17_446_208,
        jira_name="Priya Raman",
        offset=330,
    ),
    employee(
        "Björn Åkesson",
        "Platform",
        STAFF,
        login="bjorn-a",
        github_id=3_097_551,
        jira_name="Åkesson, Björn",
        git_name="Bjorn Akesson",
    ),
    employee(
        "Chen Wei",
        "Platform",
        ENGINEER,
        login="chenwei-dev",
        github_id=65_382_710,
        jira_name="Chen Wei",
        mails=("noreply",),
    ),
    employee(
        "Victor Lindqvist",
        "Platform",
        SENIOR,
        login="vlindqvist",
        github_id=9_528_467,
        jira_name="Lindqvist, Victor",
        mails=("noreply",),
        offset=60,
        rests=92,
    ),
    employee(
        "Fiona Gallagher",
        "Platform",
        ENGINEER,
        login="fgallagher",
        github_id=82_054_316,
        jira_name="Fiona Gallagher",
        allocation=0.6,
    ),
    employee(
        "Grace Mwangi",
        "Platform",
        "Engineering manager",
        login="gracemw",
        github_id=21_760_845,
        jira_name="Mwangi, Grace",
        allocation=0.2,
    ),
)
"""The roster, in its order: six people a team."""

DEPENDABOT: Final = bot("dependabot", 49_699_333)
"""Opens pull requests that raise versions, and merges them itself once CI is green."""
REVIEWER_BOT: Final = bot("brambleway-ci", 93_510_772)
"""Comments on every pull request of one project within a minute; deploys for everybody."""
BOTS: Final = (DEPENDABOT, REVIEWER_BOT)

_BY_NAME: Final = {person.name: person for person in (*PEOPLE, *BOTS)}


def person(name: str) -> Person:
    """The person of that roster name."""
    return _BY_NAME[name]
