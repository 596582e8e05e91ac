"""SPF, DKIM and DMARC of our own domains: only what is certainly wrong is a fault."""

from dataclasses import replace

import pytest

from crm.domains.proof import Mark, Records, judge

GOOD = Records(
    domain="outreach.example",
    dmarc=("v=DMARC1; p=none",),
    dkim={"s1": ("v=DKIM1; k=rsa; p=MIGf",)},
    spf=("v=spf1 include:relay.example -all",),
)


def marked(**changes: object) -> tuple[Mark, str]:
    found = judge(replace(GOOD, **changes))  # type: ignore[arg-type] # a test's
    return found.mark, found.words


def test_a_domain_with_all_three_passes() -> None:
    assert marked() == (Mark.PASS, "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dmarc": ()}, "There is no DMARC record."),
        ({"dmarc": ("V=dmarc1; p=none",)}, "There is no DMARC record."),
        ({"dmarc": ("v=DMARC1; p=none", "v=DMARC1; p=reject")}, "more than one DMARC record"),
        ({"dkim": {"s1": ()}}, "The DKIM key at s1._domainkey is missing."),
        ({"dkim": {"s1": (), "s2": ()}}, "s1._domainkey or s2._domainkey is missing"),
        ({"dkim": {"s1": ("v=DKIM1; p=",)}}, "was withdrawn"),
        ({"dkim": {"s1": ("v=DKIM2; p=MIGf",)}}, "was withdrawn"),
        ({"spf": ()}, "There is no SPF record."),
        ({"spf": ("some other text",)}, "There is no SPF record."),
        ({"spf": ("v=spf10 -all",)}, "There is no SPF record."),
        ({"spf": ("v=spf1 -all", "v=spf1 ~all")}, "more than one SPF record"),
        ({"spf": ("v=spf1 +all",)}, "everybody may send as us"),
        ({"spf": ("v=spf1 include:x.example all",)}, "everybody may send as us"),
        ({"spf": ("v=spf1 include:x.example",)}, "neither -all nor ~all"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, object], words: str) -> None:
    mark, said = marked(**changes)
    assert (mark, words in said, said.startswith("outreach.example: ")) == (Mark.FAIL, True, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"spf": ("V=SPF1 A MX ~ALL",)},
        {"spf": ("v=spf1 redirect=_spf.relay.example",)},
        {"spf": ("v=spf1 ip4:192.0.2.1 " + "a " * 10 + "-all", "google-site-verification=x")},
        {"spf": (), "asks_spf": False},
        {"dkim": {"s1": (), "s2": ("k=rsa; p=MIGf",)}},
        {"dkim": {"s1": None, "s2": ("p=MIGf",)}},
        {"dkim": {}},
        {"dmarc": ("v=DMARC1;p=reject;pct=50",)},
        {"dmarc": ("v=DMARC1; rua=mailto:x@x.example",)},
    ],
)
def test_what_is_right_in_another_way_passes(changes: dict[str, object]) -> None:
    assert marked(**changes) == (Mark.PASS, "")


@pytest.mark.parametrize(
    "changes",
    [{"dmarc": None}, {"spf": None}, {"dkim": {"s1": None}}, {"dkim": {"s1": None, "s2": ()}}],
)
def test_what_nobody_can_tell_is_no_fault(changes: dict[str, object]) -> None:
    assert marked(**changes)[0] is Mark.UNKNOWN


def test_a_fault_counts_beside_something_unknown() -> None:
    assert marked(spf=None, dmarc=()) == (Mark.FAIL, "outreach.example: There is no DMARC record.")
