"""A reader of inbound mail that the mail in its hand may kill: told which words do, and how often to look."""

import os
import signal
import sys

from crm.replies import reading
from crm.replies.reading import ReadMail
from crm.scheduler.jobs import timetable
from crm.workflows.inbox import understand_mail as understanding
from tests.crash.actor import services_told

_UNDERSTAND = next(job.work for job in timetable(1.0) if job.name == "understand_mail")


def main() -> None:
    word = sys.argv[1].encode()

    def read(raw: bytes) -> ReadMail:
        if word in raw:
            os.kill(os.getpid(), signal.SIGKILL)
        return reading.read(raw)

    def read_headers(raw: bytes) -> ReadMail:
        return read(raw[: raw.find(b"\n\n") + 1])

    vars(understanding).update(read=read, read_headers=read_headers)
    services = services_told()
    _UNDERSTAND(services, lambda: False)
    services.database.dispose()
