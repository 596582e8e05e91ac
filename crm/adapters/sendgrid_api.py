"""SendGrid's v3 API beside sending: one JSON question, one JSON answer, or why there is none."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from crm.adapters.http import HttpAnswer, HttpClient, NoAnswerError, NotReachedError, Room
from crm.adapters.sockets import Deadline
from crm.delivery.account_ports import NoAnswer
from crm.kernel.clock import Clock
from crm.kernel.errors import InvalidSettingsError

_ROOM: Final = Room(bytes=16 * 1024 * 1024, seconds=15.0)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_NOT_CONTENT: Final = frozenset({401, 403, 408, 429})
"""Of 4xx: what tells nothing about the request itself."""


class Api:
    """Asks under one key."""

    def __init__(self, api_key: str, http: HttpClient, clock: Clock) -> None:
        """`clock` is the real one.

        Raises:
            InvalidSettingsError: no key, or one that cannot stand in a header.
        """
        if not api_key or not api_key.isascii() or any(c.isspace() or not c.isprintable() for c in api_key):
            raise InvalidSettingsError(["The SendGrid key is missing, or has blanks in it."])
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._http = http
        self._clock = clock
        self.skew: timedelta | None = None
        """How far the clock behind the last answer is ahead of ours; its Date has no fractions."""

    def get(self, path: str, *, deadline: Deadline) -> Any | NoAnswer:  # noqa: ANN401 - JSON
        """What stands at a path."""
        return self._ask("GET", path, None, deadline)

    def post(self, path: str, body: object, *, deadline: Deadline) -> Any | NoAnswer:  # noqa: ANN401 - JSON
        """The answer to a body; an empty one is None."""
        return self._ask("POST", path, body, deadline)

    def close(self) -> None:
        """Close what is kept."""
        self._http.close()

    def _ask(self, method: str, path: str, body: object, deadline: Deadline) -> Any | NoAnswer:  # noqa: ANN401 - JSON
        headers, sent = self._headers, b""
        if body is not None:
            headers = {**headers, "Content-Type": "application/json"}
            sent = json.dumps(body).encode("ascii")
        try:
            answer = self._http.ask(method, path, headers, sent, deadline=deadline, room=_ROOM)
        except NotReachedError as error:
            return NoAnswer("certificate" if error.tls else "unreachable")
        except NoAnswerError as error:
            return NoAnswer(error.reason)
        date = _date(answer)
        self.skew = None if date is None else date - self._clock().replace(microsecond=0)
        return self._read(answer)

    def _read(self, answer: HttpAnswer) -> Any | NoAnswer:  # noqa: ANN401 - JSON
        if answer.status in {401, 403}:
            return NoAnswer("not_allowed")
        if answer.status == 429:
            return NoAnswer("throttled", self._pause(answer))
        if not 200 <= answer.status < 300:
            for_content = 400 <= answer.status < 500 and answer.status not in _NOT_CONTENT
            pause = answer.retry_after(_LONGEST_PAUSE)
            return NoAnswer(f"answer_{answer.status}", pause, for_content=for_content)
        if not answer.body:
            return None
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            return NoAnswer("unreadable_answer")

    def _pause(self, answer: HttpAnswer) -> timedelta | None:
        """Until the moment SendGrid names (Unix seconds), between a second and an hour."""
        text = answer.headers.get("X-RateLimit-Reset", "")
        if not (text.isascii() and text.isdigit() and len(text) == 10):
            return answer.retry_after(_LONGEST_PAUSE)
        until = datetime.fromtimestamp(int(text), UTC)
        return min(max(until - self._clock(), timedelta(seconds=1)), _LONGEST_PAUSE)


def _date(answer: HttpAnswer) -> datetime | None:
    try:
        date = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
