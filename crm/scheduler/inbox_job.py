"""Inbound mail, taken in as soon as it is there."""

from collections.abc import Callable
from typing import Final

from crm.kernel.clock import monotonic
from crm.operations import heartbeat
from crm.services import Services
from crm.workflows.inbox.receive_mail import receive_mail
from crm.workflows.inbox.understand_mail import understand_mail

CALL_WAITED_FOR: Final = 25.0  # seconds; a mailbox that lost its voice is looked into this often
PULSE: Final = 30.0  # seconds between two notes that mail can be read


class InboxJob:
    """Take in what is there, and wait for more where the mailbox calls us."""

    def __init__(self) -> None:
        self._next_pulse = 0.0

    def __call__(self, services: Services, stopping: Callable[[], bool]) -> None:
        """Return when there is nothing to wait for; the timetable comes back in a second."""
        called = False
        while True:
            news = receive_mail(services.database, services.inbox, services.clocks.calendar)
            if news:
                understand_mail(services.reading_room, now=services.clocks.calendar())
            self._show_life(services)
            if called and not news:
                return  # a mailbox that calls for nothing must not keep us running
            if stopping() or not services.inbox.wait(CALL_WAITED_FOR, stopping):
                return
            called = True

    def _show_life(self, services: Services) -> None:
        """Note now and then that mail can be read, so that somebody sees it when it cannot."""
        if monotonic() < self._next_pulse:
            return
        with services.database.transaction() as session:
            heartbeat.show_inbox(session, readable=services.inbox.is_readable, at=services.clocks.real())
        self._next_pulse = monotonic() + PULSE
