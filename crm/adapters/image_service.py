"""The image service over HTTP: signed, under one key for ever, the frozen body as it is.

The contract is `docs/image-service.md`. Because the service answers the same to the same lead id, every
doubt may be asked again; nothing here is ever uncertain.
"""

import re
import ssl
from collections.abc import Sequence
from datetime import timedelta

from crm.adapters.http import HttpAnswer, HttpClient, NoAnswerError, NotReachedError
from crm.adapters.sockets import Deadline
from crm.handoff.ports import Acknowledged, Conflict, HandOver, Refused, TryLater, TryLaterReason
from crm.kernel.clock import Clock
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.faults import point
from crm.kernel.webhooks import read_secret, signed_headers

_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_REMOTE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_LONGEST_PAUSE = timedelta(hours=1)
_COME_BACK = {408, 425, 429}


class HttpImageService:
    """See `crm.handoff.ports.ImageService`."""

    def __init__(
        self,
        base_url: str,
        secrets: Sequence[str],
        clock: Clock,
        *,
        context: ssl.SSLContext | None = None,
        seconds: float = 18.0,
    ) -> None:
        """`clock` is the real one: it dates the signature. All `secrets` sign, so that one can be replaced.

        Raises:
            InvalidSettingsError: no secret, one that is not `whsec_…`, or an address that is not safe.
        """
        if not secrets:
            raise InvalidSettingsError(["The image service needs a signing secret."])
        for secret in secrets:
            try:
                read_secret(secret)
            except ValueError as error:
                raise InvalidSettingsError([str(error)]) from None
        self._http = HttpClient(base_url, context=context)
        self._secrets = tuple(secrets)
        self._clock = clock
        self._seconds = seconds

    def hand_over(self, lead_id: str, body: bytes) -> HandOver:
        """See the port."""
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Idempotency-Key": lead_id,
            **signed_headers(self._secrets, lead_id, body, now=self._clock()),
        }
        try:
            answer = self._http.post("/leads", headers, body, deadline=Deadline.after(self._seconds))
        except NotReachedError:
            return TryLater(TryLaterReason.UNREACHABLE)
        except NoAnswerError as error:
            garbled = error.reason == "unreadable_answer"
            return TryLater(TryLaterReason.UNREADABLE_ANSWER if garbled else TryLaterReason.NO_ANSWER)
        point("hand_off.after_response")
        return _meaning(answer, lead_id)

    def close(self) -> None:
        """Close what is kept."""
        self._http.close()


def _meaning(answer: HttpAnswer, lead_id: str) -> HandOver:
    status = answer.status
    if status in {200, 201}:
        return _acknowledgement(answer, lead_id)
    if status == 409:
        return Conflict(_word(answer) or "other_body")
    if status in _COME_BACK:
        return TryLater(TryLaterReason.BUSY, answer.retry_after(_LONGEST_PAUSE))
    if status >= 500:
        return TryLater(TryLaterReason.BROKEN, answer.retry_after(_LONGEST_PAUSE))
    if status >= 300:
        return Refused(" ".join(filter(None, (f"answer_{status}", _word(answer)))))
    return TryLater(TryLaterReason.UNREADABLE_ANSWER)


def _acknowledgement(answer: HttpAnswer, lead_id: str) -> HandOver:
    """Only an answer about this very lead counts: a page of some proxy with status 200 does not."""
    fields = answer.fields()
    remote_id = fields.get("remote_id")
    if fields.get("lead_id") == lead_id and isinstance(remote_id, str) and _REMOTE_ID.fullmatch(remote_id):
        return Acknowledged(remote_id)
    return TryLater(TryLaterReason.UNREADABLE_ANSWER)


def _word(answer: HttpAnswer) -> str:
    """The contract's word for what is wrong, never the service's own sentences."""
    word = answer.fields().get("error")
    return word if isinstance(word, str) and _WORD.fullmatch(word) else ""
