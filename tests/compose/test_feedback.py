"""What a provider may count complaints by: which text, and never whom."""

import pytest

from crm.compose.feedback import feedback_id


@pytest.mark.parametrize(
    ("domain", "sender"),
    [
        ("outreach.produfoto.example", "produfoto"),
        ("mail.a-very-long-company-name.nl", "averylongcompan"),
        ("Produfoto.nl", "produfoto"),
        ("xn--bcher-kva.example", "xnbcherkva"),
    ],
)
def test_the_sender_stands_last_and_is_no_address(domain: str, sender: str) -> None:
    assert feedback_id(3, 12, domain) == f"step12:seq3:outreach:{sender}"


def test_a_mail_of_no_sequence_has_none() -> None:
    assert feedback_id(None, None, "produfoto.example") is None
