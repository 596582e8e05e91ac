"""Inbound mail for tests: short ones made on the spot, and the labelled ones of the corpus."""

from pathlib import Path

from crm.replies.reading import ReadMail, read

CORPUS = Path(__file__).parent / "corpus"
TOKEN = "mfrggzdfmztwq2lknnwg23tpobyxe43uov3hcy3dmvzxi"


def raw(
    body: str = "Hello.", subject: str = "Re: photos", *headers: str, to: str = "sales@p.example"
) -> bytes:
    lines = [
        "From: Jan <jan@x.example>",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Mon, 23 Nov 2026 10:12:00 +0100",
        *headers,
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        body,
    ]
    return "\r\n".join(lines).encode()


def mail(
    body: str = "Hello.", subject: str = "Re: photos", *headers: str, to: str = "sales@p.example"
) -> ReadMail:
    return read(raw(body, subject, *headers, to=to))


def corpus(pattern: str = "*") -> list[Path]:
    return sorted(CORPUS.glob(f"{pattern}.eml"))
