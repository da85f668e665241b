"""Which issues a text mentions: those that a reader would say it does, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.automations import is_key, mentioned, possible_keys, project_of
from domain.automations.keys import MOST_MENTIONED

SITE = "https://acme.atlassian.net"
KEYS = st.from_regex(r"\A[A-Z][A-Z0-9]{1,5}-[1-9][0-9]{0,4}\Z")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("PAY-12: retry payouts", ("PAY-12",)),
        ("Fixes PAY-12, PAY-13 and (OPS-7).", ("PAY-12", "PAY-13", "OPS-7")),
        ("[PAY-12] retry; again PAY-12", ("PAY-12",)),
        ("Fixes:PAY-12", ("PAY-12",)),
        ("pay-12 and Pay-12", ()),
        ("PAY-0, PAY-, -12, PAY-012", ()),
        ("XPAY-12x PAY-12_old PAY-12-13 v1.PAY-12", ()),
        ("src/PAY-12/main.py and C:\\PAY-12", ()),
        ("see https://example.com/PAY-12 and https://other.atlassian.net/browse/PAY-12", ()),
        (f"see {SITE}/browse/PAY-12?focusedCommentId=1", ("PAY-12",)),
        (f"see [the issue]({SITE}/browse/PAY-12)", ("PAY-12",)),
        (f"{SITE}/browse/PAY-12-draft {SITE}/projects/PAY-13", ()),
        ("run `PAY-12` and ``PAY-13``", ()),
        ("```\nPAY-12\n```\nPAY-13", ("PAY-13",)),
        ("~~~ text\nPAY-12\n", ()),
        ("{code:java}\nPAY-12\n{code} PAY-13 {noformat}PAY-14{noformat}", ("PAY-13",)),
        ("<pre>PAY-12</pre> <code>PAY-13</code>", ()),
        ("<!-- name the issue, such as PAY-12 -->\nDone", ()),
        ("An example:\n\n    PAY-12\n\nPAY-13", ("PAY-13",)),
        ("someone@PAY-12 #PAY-12 key=PAY-12", ()),
    ],
)
def test_what_a_text_mentions(text: str, keys: tuple[str, ...]) -> None:
    """Words count; code, addresses and parts of words do not."""
    assert possible_keys(text, site=SITE) == keys


@pytest.mark.parametrize(
    ("branch", "keys"),
    [
        ("PAY-12", ("PAY-12",)),
        ("feature/PAY-12-retry-payouts", ("PAY-12",)),
        ("fix-PAY-12", ("PAY-12",)),
        ("user/PAY-12_OPS-7", ("PAY-12", "OPS-7")),
        ("feature/pay-12", ()),
        ("XPAY-12a", ()),
    ],
)
def test_what_a_branch_is_named_for(branch: str, keys: tuple[str, ...]) -> None:
    """In a branch's name, hyphens part words."""
    assert possible_keys("", branch=branch) == keys


def test_what_only_looks_like_an_issue_is_none() -> None:
    """Its project is not known."""
    keys = possible_keys("UTF-8, SHA-256, ISO-8601, RFC-2119, COVID-19 and PAY-12")

    assert mentioned(keys, {"PAY"}) == ("PAY-12",)
    assert mentioned(keys, set()) == ()


def test_a_changelog_is_no_news_to_everybody() -> None:
    """There is an end to what one text can mention."""
    keys = possible_keys(" ".join(f"PAY-{number}" for number in range(1, 500)))

    assert mentioned(keys, {"PAY"}) == keys[:MOST_MENTIONED]


@given(st.text(max_size=300), st.text(max_size=60))
def test_whatever_the_text_what_comes_out_are_keys_each_once(text: str, branch: str) -> None:
    """They become parts of addresses."""
    keys = possible_keys(text, site=SITE, branch=branch)

    assert all(is_key(key) for key in keys)
    assert len(set(keys)) == len(keys)


@given(
    KEYS, st.sampled_from(["", " ", "(", "[", "Fixes ", "\n", ": "]), st.sampled_from(["", ".", ",", ")", "]", ": x"])
)
def test_a_key_among_ordinary_punctuation_is_found(key: str, before: str, after: str) -> None:
    """However a sentence goes on."""
    assert possible_keys(before + key + after) == (key,)
    assert mentioned((key,), {project_of(key)}) == (key,)


@given(KEYS, st.sampled_from(["`{}`", "```\n{}\n```", "{{code}}{}{{code}}", "https://x.io/{}", "<code>{}</code>"]))
def test_a_key_in_code_or_in_an_address_is_not(key: str, form: str) -> None:
    """It is an example, or a place of its own."""
    assert possible_keys(form.format(key), site=SITE) == ()


def test_a_long_text_of_nothing_but_openings_takes_no_time() -> None:
    """Patterns over text from outside must not explode."""
    for opening in ("`", "```\n", "{code}", "<!--", "    x\n\n", "https://", "A-", "<code>"):
        possible_keys(opening * 4_000, site=SITE)
