"""A colleague writes a mail by hand: a first one, or an answer."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.compose.headers import UnencodableError
from crm.compose.letter import LetterFaultError, Sender
from crm.compose.threads import thread_of
from crm.delivery import outbox
from crm.delivery.models import Mailbox, Message, MessageState
from crm.delivery.new_message import NewMessage
from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import CrmError, NotFoundError
from crm.kernel.mail import MailKind
from crm.kernel.settings import Settings
from crm.permission.decide import decide
from crm.permission.findings import Decision
from crm.permission.record import to_record
from crm.queries.gate.facts import Loaded, Question, facts_batch
from crm.queries.sending.thread_mailbox import mailbox_for, mailbox_of
from crm.replies.models import InboundMail
from crm.workflows.planning.thread_letter import Words, language_of, thread_letter
from crm.workflows.planning.write_letter import Desk, Draft, Outlet, Unwritable, write_letter


class NotAllowedError(CrmError):
    """The gate says no, or not yet; nothing was queued. `decision` has every reason."""

    def __init__(self, decision: Decision) -> None:
        super().__init__("the gate does not allow this mail now")
        self.decision = decision


class CannotWriteError(CrmError):
    """The text cannot be framed as a mail; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Written:
    """What the colleague typed."""

    subject: str
    body: str
    answers: int | None = None
    """The inbound mail this answers; None starts a thread."""

    once: str | None = None
    """One press of the button is one mail."""


def write_mail(
    session: Session, desk: Desk, prospect_id: int, written: Written, *, now: datetime, speed: float = 1.0
) -> str:
    """Queue a mail that leaves once it can no longer be taken back; its public id.

    The gate is asked now and in the claim.

    Raises:
        NotFoundError: the person, the mail answered, or a mailbox to send from is gone.
        NotAllowedError: with the gate's decision.
        CannotWriteError: with a code.
    """
    kind = _kind(written.answers)
    box, loaded = _look(session, prospect_id, written.answers, now=now, settings=desk.settings)
    if box is None:
        raise NotFoundError
    decision = decide(loaded.facts, now)
    if not decision.allows:
        raise NotAllowedError(decision)
    due_at = now + loaded.facts.budgets.undo * speed
    try:
        if written.answers is not None:
            words = _answer(session, prospect_id, written, desk.links.mail_domain)
            message = thread_letter(desk, loaded.recipient, box, words, due_at=due_at)
        else:
            outlet = Outlet(
                box.id,
                Sender(box.display_name, EmailAddress.parse(box.address)),
                box.sender_name or box.display_name,
            )
            draft = Draft(
                kind=kind,
                language=language_of(loaded.recipient),
                subject=written.subject,
                body=written.body,
                outlet=outlet,
                due_at=due_at,
            )
            message = write_letter(desk, draft, loaded, decision)
    except Unwritable as error:
        raise CannotWriteError(error.code) from error
    except (LetterFaultError, UnencodableError, ValueError) as error:
        raise CannotWriteError("unwritable") from error
    message = replace(message, decision=to_record(decision))
    if not written.once:
        outbox.queue(session, message, now=now)
        return message.public_id
    return _queue_once(session, message, f"hand:{written.once}", now=now)


def may_write(
    session: Session, prospect_id: int, answers: int | None, *, now: datetime, settings: Settings
) -> Decision:
    """What `write_mail` would hear from the gate now, for the page on which the mail is written.

    Raises:
        NotFoundError: there is no such prospect (any more).
    """
    return decide(_look(session, prospect_id, answers, now=now, settings=settings)[1].facts, now)


def _look(
    session: Session, prospect_id: int, answers: int | None, *, now: datetime, settings: Settings
) -> tuple[Mailbox | None, Loaded]:
    """The mailbox it leaves from, and the facts about whom it goes to."""
    box = mailbox_of(session, answers) or mailbox_for(session, prospect_id)
    question = Question(prospect_id=prospect_id, kind=_kind(answers), mailbox_id=box.id if box else None)
    loaded = facts_batch(session, [question], now, settings)[0]
    if loaded is None:
        raise NotFoundError
    return box, loaded


def _kind(answers: int | None) -> MailKind:
    return MailKind.REPLY if answers is not None else MailKind.MANUAL


def _queue_once(session: Session, message: NewMessage, key: str, *, now: datetime) -> str:
    """One press is one mail, however often it arrives; what was taken back may be sent again."""
    cause, turn = key, 0
    while not outbox.queue(session, replace(message, dedupe_key=cause), now=now):
        known = select(Message.public_id, Message.state).where(Message.dedupe_key == cause)
        public_id, state = session.execute(known).one()
        if state is not MessageState.CANCELLED:
            return public_id
        turn += 1
        cause = f"{key}:{turn}"
    return message.public_id


def take_back(session: Session, public_id: str, *, now: datetime) -> bool:
    """Take a mail back that is not leaving yet."""
    return outbox.cancel_one(session, public_id, reason="taken_back", at=now)


def _answer(session: Session, prospect_id: int, written: Written, mail_domain: str) -> Words:
    mail = session.get(InboundMail, written.answers)
    if mail is None or mail.prospect_id != prospect_id:
        raise NotFoundError
    theirs = mail.subject_line or written.subject
    subject = theirs if theirs.lower().startswith("re:") else f"Re: {theirs}"
    ours = session.scalar(select(Message.public_id).where(Message.id == mail.message_id))
    before = [f"<{ours}@{mail_domain}>"] if ours else []
    thread = thread_of(mail.message_header or None, parent_references=before)
    return Words(kind=MailKind.REPLY, subject=subject, body=written.body, thread=thread)
