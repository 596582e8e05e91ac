"""The mailer that asks SendGrid, through its official client over connections of our own.

The stock client has no time-outs, opens a connection a call, and follows a redirect with the key in hand
(`docs/decisions/0003-sendgrid-transport.md`); what is left of it here is the request it builds.
"""

import io
import logging
import ssl
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPMessage
from typing import Any
from urllib.error import HTTPError as UrllibError
from urllib.request import Request

import python_http_client
from python_http_client.exceptions import HTTPError, handle_error
from sendgrid import SendGridAPIClient

from crm.adapters import sendgrid_answers as answers
from crm.adapters.http import HttpAnswer, HttpClient, NoAnswerError, NotReachedError
from crm.adapters.sendgrid_bytes import unfit
from crm.adapters.sendgrid_payload import NotAPayloadError, payload
from crm.adapters.sockets import Deadline
from crm.adapters.wire import check_batch, fault_of
from crm.delivery.ports import Envelope, NotSent, NotSentReason, Outcome, Rejected, Uncertain
from crm.kernel import faults
from crm.kernel.clock import Clock
from crm.kernel.errors import InvalidSettingsError

GLOBAL = "https://api.sendgrid.com"
EUROPE = "https://api.eu.sendgrid.com"

# At DEBUG the client's logger prints the key and the whole message.
logging.getLogger("python_http_client").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long SendGrid may keep us; seconds."""

    batch: float = 28.0
    message: float = 18.0
    answer: float = 8.0
    """No message is begun with less than this left for its answer."""


class _Answer:
    """What the client makes a response of."""

    def __init__(self, answer: HttpAnswer) -> None:
        self._answer = answer

    def getcode(self) -> int:
        return self._answer.status

    def read(self) -> bytes:
        return self._answer.body

    def info(self) -> HTTPMessage:
        return self._answer.headers


class _Transport(python_http_client.Client):  # type: ignore[misc]  # the client ships no types
    """The official client's address builder, with our connections underneath."""

    def __init__(self, http: HttpClient, **settings: Any) -> None:  # noqa: ANN401 - the untyped client's own
        super().__init__(**settings)
        self._http = http

    def _build_client(self, name: str | None = None) -> "_Transport":
        # The base class would fall back to its own kind, and share one dict of headers among all calls.
        return _Transport(
            self._http,
            host=self.host,
            version=self._version,
            request_headers=dict(self.request_headers),
            url_path=[*self._url_path, name] if name else list(self._url_path),
        )

    def _make_request(self, _opener: object, request: Request, timeout: float | None = None) -> _Answer:
        assert timeout is not None
        assert isinstance(request.data, bytes)
        fault = unfit(request.data)
        if fault:
            raise NotAPayloadError(fault)
        headers = dict(request.header_items())
        answer = self._http.post(request.selector, headers, request.data, deadline=Deadline.after(timeout))
        if answer.status >= 300:
            body = io.BytesIO(answer.body)
            raise handle_error(
                UrllibError(request.full_url, answer.status, "", answer.headers, body)
            ) from None
        return _Answer(answer)


class SendGridMailer:
    """Posts each message on its own; a few at once, over as many kept connections."""

    def __init__(
        self,
        api_key: str,
        clock: Clock,
        *,
        host: str = GLOBAL,
        threads: int = 5,
        context: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> None:
        """`clock` is the real one: SendGrid says until when to wait as a time of day.

        Raises:
            InvalidSettingsError: no key, or a host that is neither https nor this machine.
        """
        if not api_key or not api_key.isascii() or any(c.isspace() or not c.isprintable() for c in api_key):
            raise InvalidSettingsError(["The SendGrid key is missing, or has blanks in it."])
        self._http = HttpClient(host, context=context)
        official = SendGridAPIClient(api_key, host=host.rstrip("/"))
        headers = dict(official.client.request_headers)
        official.client = _Transport(self._http, host=official.host, version=3, request_headers=headers)
        self._official = official
        self._clock = clock
        self._limits = limits or Limits()
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._turn = threading.Lock()

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        """See `crm.delivery.ports.Mailer`."""
        check_batch(batch)
        deadline = Deadline.after(self._limits.batch)
        trouble: list[NotSent] = []

        def one(envelope: Envelope) -> Outcome:
            fault = fault_of(envelope)
            if fault:
                return fault
            if trouble:
                return trouble[0]
            outcome = self._post(envelope, deadline.within(self._limits.message))
            if isinstance(outcome, Uncertain):
                trouble.append(NotSent(NotSentReason.UNREACHABLE))
            elif isinstance(outcome, NotSent):
                trouble.append(outcome)
            return outcome

        return list(self._workers().map(one, batch))

    def close(self) -> None:
        """Close what is kept."""
        with self._turn:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        self._http.close()

    def _workers(self) -> ThreadPoolExecutor:
        with self._turn:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="sendgrid")
            return self._pool

    def _post(self, envelope: Envelope, deadline: Deadline) -> Outcome:
        try:
            body = payload(envelope)
            if not deadline.has(self._limits.answer):
                return NotSent(NotSentReason.OUT_OF_TIME)
            faults.point("transport.before_body")
            response = self._official.client.mail.send.post(request_body=body, timeout=deadline.left())
            faults.point("transport.after_response")
        except NotAPayloadError as error:
            return Rejected("malformed", str(error))
        except NotReachedError as error:
            return answers.not_reached(error)
        except NoAnswerError as error:
            return Uncertain(error.reason)
        except HTTPError as error:
            answer = HttpAnswer(int(error.status_code), error.headers, error.body)
            return answers.refusal(answer, envelope, now=self._clock())
        return answers.yes(response.status_code, response.headers)
