"""Messages built per second and core: the skeleton against `EmailMessage`, the same letters, one run.

usage: render.py [--n 400] [--rounds 5]

Both sides render the subject and the body of one template for each person. Then one side fills its skeleton,
the other puts the finished texts into `EmailMessage(policy=SMTP)`; it gets both parts for nothing, so the
ratio is rather too low than too high. CPU time of one process; the median of the rounds.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, NamedTuple

from crm.compose.letter import Composed, Letter, Sender
from crm.compose.lint_wire import lint_wire
from crm.compose.mime import compose
from crm.compose.notices import Grounds, Retention, SourceKind, source_line, why_line
from crm.compose.template import Template
from crm.kernel.addresses import EmailAddress
from crm.kernel.controller import Controller
from crm.kernel.mail import Language, MailKind

GOAL: Final = 20
SUBJECT: Final = "Een vraag over de foto's van {{ company }}"
BODY: Final = """Beste {{ first_name | default("lezer") }},

Ik zag dat {{ company }} het assortiment uitbreidt. We helpen winkels zoals die van u om minder tijd kwijt te
zijn aan foto's en meer tijd te hebben voor klanten.

Als {{ role | default("ondernemer") }} vindt u dit misschien nuttig: https://foto.example/voorbeeld?stap=2
Lezen kost vier minuten.

Zal ik het volgende week laten zien, met een paar artikelen van {{ domain | default("uw winkel") }}?

Groet,
{{ sender_name }}"""

CONTROLLER: Final = Controller(
    "Voorbeeld Foto", "12345678", "NL001234567B01", "1234 AB Voorbeeldstad", "privacy@foto.example"
)
SENDER: Final = Sender("Sanne de Wit", EmailAddress("sanne", "foto.example"))
WHY: Final = why_line(Language.NL, Grounds.LEGITIMATE_INTEREST, company="Winkel")
SOURCE: Final = source_line(Language.NL, SourceKind.WEBSITE, where="winkel.example", on=date(2026, 11, 1))
AT: Final = datetime(2026, 11, 22, 9, tzinfo=UTC)
RETENTION: Final = Retention(unanswered=12, answered=24)


class Job(NamedTuple):
    """One person to write to, with links of their own."""

    values: Mapping[str, str]
    first: bool
    recipient: EmailAddress
    token: str

    def render(self) -> tuple[str, str]:
        """Subject and body."""
        return Template.compile(SUBJECT).render(self.values), Template.compile(BODY).render(self.values)

    @property
    def message_id(self) -> str:
        """Differs for everybody."""
        return f"<{self.token}@mail.foto.example>"

    @property
    def stop(self) -> str:
        """As long as a signed link is."""
        return f"https://crm.foto.example/u/{self.token}{self.token}"

    def letter(self) -> Letter:
        """All of the message."""
        subject, body = self.render()
        return Letter(
            kind=MailKind.OUTREACH,
            language=Language.NL,
            subject=subject,
            body=body,
            controller=CONTROLLER,
            sender=SENDER,
            recipient=self.recipient,
            message_id=self.message_id,
            date=AT,
            first_contact=self.first,
            why=WHY,
            source=SOURCE,
            grounds=Grounds.LEGITIMATE_INTEREST,
            retention=RETENTION,
            unsubscribe_url=self.stop,
            about_url=f"https://crm.foto.example/about-you/{self.token}{self.token}",
        )


def jobs(*, first: bool, count: int) -> list[Job]:
    """As many people as asked for."""
    return [
        Job(
            {
                "first_name": f"Anna{number}",
                "company": f"Winkel {number} & Zoon",
                "role": "inkoper",
                "domain": f"winkel{number}.example",
                "sender_name": "Sanne de Wit",
            },
            first,
            EmailAddress("inkoop", f"winkel{number}.example"),
            f"{number:032x}",
        )
        for number in range(count)
    ]


def by_skeleton(job: Job) -> bytes:
    """What the program does."""
    return compose(job.letter()).wire


def by_skeleton_and_lint(job: Job) -> bytes:
    """What the planner does: build, and read once more."""
    wire = by_skeleton(job)
    found = lint_wire(wire, kind=MailKind.OUTREACH, first_contact=job.first, controller=CONTROLLER)
    if found:
        raise SystemExit(f"the bench writes letters that may not leave: {found}")
    return wire


def by_library(model: Composed) -> Callable[[Job], bytes]:
    """The same headers and parts by `EmailMessage`."""

    def build(job: Job) -> bytes:
        subject, _ = job.render()
        message = EmailMessage(policy=SMTP)
        message["From"] = f'"{SENDER.name}" <{SENDER.address}>'
        message["To"] = f"<{job.recipient}>"
        message["Subject"] = subject
        message["Date"] = format_datetime(AT)
        message["Message-ID"] = job.message_id
        message["List-Unsubscribe"] = f"<{job.stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(model.text)
        message.add_alternative(model.html, subtype="html")
        return message.as_bytes()

    return build


def rate(build: Callable[[Job], bytes], work: list[Job]) -> float:
    """Messages a second of CPU time."""
    before = time.process_time()
    for job in work:
        build(job)
    return len(work) / (time.process_time() - before)


def table(work: list[Job], rounds: int) -> float:
    """Print one table; the skeleton's ratio."""
    sides = {
        "EmailMessage": (by_library(compose(work[0].letter())), work[: max(40, len(work) // 8)]),
        "skeleton": (by_skeleton, work),
        "skeleton and lint": (by_skeleton_and_lint, work),
    }
    found = [{name: rate(*side) for name, side in sides.items()} for _ in range(rounds)]
    ratios = {name: statistics.median(each[name] / each["EmailMessage"] for each in found) for name in sides}
    for name, ratio in ratios.items():
        rates = statistics.median(each[name] for each in found)
        print(f"  {name:20s} {rates:9,.0f} /s per core   x{ratio:.1f}")
    return ratios["skeleton"]


def main() -> int:
    """Print the tables; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description="Messages built per second and core.")
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    kept = True
    for title, first in (("follow-up", False), ("first message, with its notice", True)):
        work = jobs(first=first, count=arguments.n)
        print(f"{title}, {len(by_skeleton(work[0]))} bytes")
        kept &= table(work, arguments.rounds) >= GOAL
    print(f"goal: skeleton >= {GOAL} x EmailMessage: {'kept' if kept else 'missed'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
