"""Our own records, judged."""

import pytest

from crm.domains.authentication import AuthFault, dmarc, spf


@pytest.mark.parametrize(
    ("records", "fault"),
    [
        (["v=spf1 include:sendgrid.net -all"], None),
        (["google-site-verification=x", "V=SPF1 ip4:192.0.2.1 ~all"], None),
        (["v=spf1 redirect=_spf.outreach.example"], None),
        ([], AuthFault.MISSING),
        (["v=spf10 -all"], AuthFault.MISSING),
        (["v=spf1 -all", "v=spf1 ~all"], AuthFault.SEVERAL),
        (["v=spf1 +all"], AuthFault.LETS_ANYBODY),
        (["v=spf1 include:sendgrid.net"], AuthFault.LETS_ANYBODY),
        (["v=spf1"], AuthFault.LETS_ANYBODY),
    ],
)
def test_spf(records: list[str], fault: AuthFault | None) -> None:
    assert spf(records) == fault


@pytest.mark.parametrize(
    ("records", "fault"),
    [
        (["v=DMARC1; p=none"], None),
        (["v=DMARC1;p=reject;rua=mailto:d@outreach.example"], None),
        ([], AuthFault.MISSING),
        (["v=dmarc1; p=none"], AuthFault.MISSING),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], AuthFault.SEVERAL),
        (["v=DMARC1; sp=none"], AuthFault.NO_POLICY),
    ],
)
def test_dmarc(records: list[str], fault: AuthFault | None) -> None:
    assert dmarc(records) == fault
