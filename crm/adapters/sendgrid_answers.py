"""What SendGrid's answers mean for a message.

| answer | outcome |
|---|---|
| 202 | accepted, with its X-Message-Id when it gave one |
| other 2xx (200 is the sandbox's, which nobody asked for) | uncertain |
| 401, 403; 3xx, 404, 405; a certificate that does not prove it | not sent; the mailbox pauses |
| 429 | not sent; wait as long as it says |
| 408, every 5xx | uncertain: nothing proves that the body was not taken |
| other 4xx | rejected |
"""

from datetime import UTC, datetime, timedelta
from http.client import HTTPMessage

from crm.adapters.http import HttpAnswer, NotReachedError
from crm.adapters.wire import masked
from crm.delivery.ports import Accepted, Envelope, NotSent, NotSentReason, Outcome, Rejected, Uncertain

_LONGEST_PAUSE = timedelta(minutes=15)


def yes(status: int, headers: HTTPMessage) -> Outcome:
    """An answer below 300."""
    if status != 202:
        return Uncertain(f"answer_{status}")
    return Accepted((headers.get("X-Message-Id") or "")[:64] or None)


def not_reached(error: NotReachedError) -> Outcome:
    """No answer, and nothing sent."""
    if error.tls:
        return NotSent(NotSentReason.TLS_FAILED, pause_mailbox=True)
    return NotSent(NotSentReason.UNREACHABLE)


def refusal(answer: HttpAnswer, envelope: Envelope, *, now: datetime) -> Outcome:
    """An answer of 300 or more."""
    status = answer.status
    if status in {401, 403}:
        return NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True)
    if status < 400 or status in {404, 405}:
        return NotSent(NotSentReason.MISCONFIGURED, pause_mailbox=True)
    if status == 429:
        return NotSent(NotSentReason.THROTTLED, retry_after=_pause(answer, now))
    if status == 408 or status >= 500:
        return Uncertain(f"answer_{status}")
    return Rejected(str(status), masked(_first_error(answer), envelope))


def _pause(answer: HttpAnswer, now: datetime) -> timedelta | None:
    """Until the moment SendGrid names (Unix seconds), between a second and a quarter of an hour."""
    text = answer.headers.get("X-RateLimit-Reset", "")
    if not (text.isascii() and text.isdigit() and len(text) == 10):
        return answer.retry_after(_LONGEST_PAUSE)
    until = datetime.fromtimestamp(int(text), UTC)
    return min(max(until - now, timedelta(seconds=1)), _LONGEST_PAUSE)


def _first_error(answer: HttpAnswer) -> str:
    """The field and words of the first complaint; nothing of an answer that is not SendGrid's."""
    errors = answer.fields().get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return ""
    return f"{first.get('field') or ''} {first.get('message') or ''}".strip()
