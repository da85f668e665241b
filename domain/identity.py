"""Whose accounts are whose.

Only evidence that a source vouches for joins accounts: a GitHub numeric id (also the one inside a noreply address),
a login that GitHub put beside a commit, a real mail address, a `.mailmap` line, a roster row, a person's decision.
A shared name never does; it can make a suggestion. The result depends on the facts alone, never on their order.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations
from typing import Final

from domain.components import components
from domain.events.actors import Source
from domain.frozen import Frozen, Utc
from domain.people import Identity, Person, Terms, person_id
from domain.text import slug

_NOREPLY: Final = re.compile(r"^(?:(?P<id>\d+)\+)?(?P<login>[a-z0-9_-]+(?:\[bot\])?)@users\.noreply\.github\.com$")
_MAIL: Final = re.compile(r"^[^@\s]+@[^@\s]+\.[a-z0-9-]{2,}$")
_LOCAL_DOMAINS: Final = re.compile(r"(\.local|\.localdomain|\.lan|\.internal|\.invalid|localhost)$")
_SHARED_MAILBOXES: Final = frozenset({"noreply", "no-reply", "root", "nobody", "git", "unknown", "none", "you"})
_BOT_NAMES: Final = re.compile(
    r".*(\[bot\]|[-_ ]bot)|(dependabot|renovate|greenkeeper|mergify|imgbot|allcontributors|jenkins|copybara)"
    r"|pre-commit-ci|(github|gitlab)[- ](actions|ci)|travis[- ]?ci|circle[- ]?ci|codecov-io|web-flow",
    re.IGNORECASE,
)
"""Whole names only: a person may well be called Travis."""
_NAMED_BEST: Final = (Source.NOTION, Source.JIRA, Source.GITHUB, Source.SLACK, Source.GIT)


class Decision(Frozen):
    """A person's word on whether two accounts are one: the last one about a pair counts."""

    left: str
    right: str
    same: bool
    decided_at: Utc


class Evidence(Frozen):
    """Everything that says which accounts are one.

    Shape:
        links: pairs of account keys that a source joins: mailmap lines, accounts on one roster row.
        decisions: what people said; a refusal keeps two accounts apart whatever joins them.
        terms: by account key, what a roster says of the account's owner.
    """

    links: tuple[tuple[str, str], ...] = ()
    decisions: tuple[Decision, ...] = ()
    terms: Mapping[str, Terms] = {}


def is_real_mail(email: str | None) -> bool:
    """Whether an address can stand for one person: not `hello`, not `root@host.local`, not a shared mailbox."""
    if not email or not _MAIL.match(email):
        return False
    mailbox, _, domain = email.partition("@")
    return mailbox not in _SHARED_MAILBOXES and not _LOCAL_DOMAINS.search(domain)


def is_bot(identity: Identity) -> bool:
    """Whether an account is a program's: the source says so, or it goes by the name of a known one."""
    noreply = _NOREPLY.match(identity.email or "")
    names = (identity.username, identity.name, noreply["login"] if noreply else None)
    return identity.bot or any(_BOT_NAMES.fullmatch(text) for text in names if text)


def join_keys(identity: Identity, ids_by_login: Mapping[str, str | None]) -> set[str]:
    """What this account shares with every other account of the same person.

    Args:
        identity: the account.
        ids_by_login: GitHub's numeric ids by lower-case login. A login is only a way to find the id, because logins
            are given up and taken again by others; None stands for one that several ids had.
    """
    keys: set[str] = set()
    login = identity.username.lower() if identity.username else None
    if identity.source is Source.GITHUB and not identity.external_id.startswith("login:"):
        keys.add(f"github:{identity.external_id}")
    elif login and identity.source in {Source.GITHUB, Source.GIT}:
        account = ids_by_login.get(login, f"login:{login}")
        keys.update({f"github:{account}"} if account else ())
    if identity.email:
        noreply = _NOREPLY.match(identity.email)
        if noreply and noreply["id"]:
            keys.add(f"github:{noreply['id']}")
        elif is_real_mail(identity.email):
            keys.add(f"mail:{identity.email}")
    return keys


def signs_of(identity: Identity) -> set[str]:
    """All that this account could ever be joined with others by, whatever else is known.

    Accounts that share no sign, no link, no decision and no owner, directly or through others, have no say in each
    other's people: so who is behind one of them is worked out from those alone that are tied to it.
    """
    signs = join_keys(identity, {})
    if identity.username and identity.source in {Source.GITHUB, Source.GIT}:
        signs.add(f"github:login:{identity.username.lower()}")
    return signs


def resolve_people(identities: Iterable[Identity], evidence: Evidence) -> list[Person]:
    """Who is behind `identities`: one person for every group of accounts that evidence joins, teams left empty."""
    by_key = {identity.key: identity for identity in identities}
    ids_by_login = _ids_by_login(by_key.values())
    shared: dict[str, list[str]] = defaultdict(list)
    for key in sorted(by_key, key=lambda k: (_rank(by_key[k]), k)):
        for join in join_keys(by_key[key], ids_by_login):
            shared[join].append(key)
    words = sorted(evidence.decisions, key=lambda d: (d.decided_at, not d.same))  # of two at one moment, the no
    latest = {frozenset((d.left, d.right)): d.same for d in words}
    merged = sorted(sorted(pair) for pair, same in latest.items() if same)
    linked = sorted(sorted(pair) for pair in evidence.links)
    bonds = [*merged, *linked, *(shared[join] for join in sorted(shared))]
    bonds = [keys for keys in bonds if by_key.keys() >= set(keys)]
    apart = [pair for pair, same in latest.items() if not same]
    proper = {right for _, right in evidence.links}
    return [
        _person([by_key[key] for key in sorted(part)], proper, evidence.terms)
        for group in components(sorted(by_key), ((keys[0], key) for keys in bonds for key in keys[1:]))
        for part in _split(group, bonds, apart)
    ]


def _ids_by_login(identities: Iterable[Identity]) -> dict[str, str | None]:
    """GitHub's numeric id behind each login; None where two ids had it, because it is evidence of neither."""
    ids: dict[str, set[str]] = defaultdict(set)
    for identity in identities:
        if identity.source is Source.GITHUB and identity.username and not identity.external_id.startswith("login:"):
            ids[identity.username.lower()].add(identity.external_id)
    return {login: next(iter(known)) if len(known) == 1 else None for login, known in ids.items()}


def _split(
    group: Sequence[str], bonds: Sequence[Sequence[str]], apart: Sequence[AbstractSet[str]]
) -> list[AbstractSet[str]]:
    """`group` cut so that no refused pair is together, and no more than that.

    What each bond holds together is joined anew, the most trusted bonds first and in each the best-known accounts, but
    for what would bring a refused pair together. So a refused account leaves with what hangs on it alone.
    """
    members = frozenset(group)
    refused = [pair for pair in apart if len(pair) > 1 and pair <= members]
    if not refused:
        return [members]
    part_of = {key: frozenset({key}) for key in group}
    for keys in bonds:
        for left, right in combinations(keys, 2) if members.issuperset(keys) else ():
            both = part_of[left] | part_of[right]
            if part_of[left] != both and not any(pair <= both for pair in refused):
                part_of.update(dict.fromkeys(both, both))
    return list(dict.fromkeys(part_of[key] for key in group))


def _person(accounts: Sequence[Identity], proper: AbstractSet[str], terms: Mapping[str, Terms]) -> Person:
    """One person. What they are called is chosen by who says it, never by who said it last."""
    known = next((terms[account.key] for account in accounts if account.key in terms), Terms())
    best = min(accounts, key=lambda a: (a.key not in proper, " " not in (a.name or ""), not a.name, _rank(a), a.key))
    mails = [a.email for a in (best, *accounts) if a.email and is_real_mail(a.email) and not _NOREPLY.match(a.email)]
    username = next((account.username for account in accounts if account.username), None)
    name = known.name or best.name or username or best.email or best.external_id
    return Person(
        id=person_id(name, (account.key for account in accounts)),
        name=name,
        email=known.email or next(iter(mails), None),
        bot=any(is_bot(account) for account in accounts),
        identities=tuple(accounts),
        terms=known,
    )


def _rank(identity: Identity) -> int:
    """Trackers make people give their names; git believes whatever is configured."""
    return _NAMED_BEST.index(identity.source) if identity.source in _NAMED_BEST else len(_NAMED_BEST)


class Suggestion(Frozen):
    """Two people who may be one, and why. A suggestion is never acted on by itself."""

    left: str
    right: str
    score: float
    reasons: tuple[str, ...]


def suggest_merges(people: Iterable[Person]) -> list[Suggestion]:
    """Pairs that share a full name and a second signal, best first.

    A name of one word never makes a suggestion: 30 to 41 per cent of the names in six measured repositories are.
    """
    humans = [person for person in people if not person.bot]
    by_name: dict[str, list[Person]] = defaultdict(list)
    for person in humans:
        for name in {slug(i.name) for i in person.identities if i.name and len(i.name.split()) > 1}:
            if "-" in name:
                by_name[name].append(person)
    found: dict[tuple[str, str], Suggestion] = {}
    for namesakes in by_name.values():
        for index, left in enumerate(namesakes):
            for right in namesakes[index + 1 :]:
                suggestion = _suggestion(left, right)
                if suggestion:
                    found[suggestion.left, suggestion.right] = suggestion
    return sorted(found.values(), key=lambda s: (-s.score, s.left, s.right))


def _suggestion(left: Person, right: Person) -> Suggestion | None:
    reasons = ["same full name"]
    mailboxes = [{i.email.partition("@")[0] for i in p.identities if i.email} for p in (left, right)]
    if shared := sorted(mailboxes[0] & mailboxes[1] - _SHARED_MAILBOXES):
        reasons.append(f"same mailbox name {shared[0]!r}")
    logins = [{_login(i) for i in p.identities} - {""} for p in (left, right)]
    if shared := sorted(logins[0] & logins[1]):
        reasons.append(f"same user name {shared[0]!r}")
    if shared := sorted(set(left.teams) & set(right.teams)):
        reasons.append(f"same team {shared[0]!r}")
    if {i.source for i in left.identities}.isdisjoint({i.source for i in right.identities}):
        reasons.append("no source in which both have an account")
    if len(reasons) == 1:
        return None
    first, second = sorted((left.id, right.id))
    return Suggestion(left=first, right=second, score=min(1.0, 0.3 + 0.2 * len(reasons)), reasons=tuple(reasons))


def _login(identity: Identity) -> str:
    noreply = _NOREPLY.match(identity.email or "")
    return (identity.username or (noreply["login"] if noreply else "")).lower()
