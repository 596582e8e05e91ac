"""A mail provider some way off: it takes every message, after a while. And our sender without a database.

The server is a process of its own on loopback that speaks as much HTTP as `POST /v3/mail/send` needs, over
kept connections, and answers 202 when the time has passed. It keeps nothing.
"""

import asyncio
import contextlib
import multiprocessing
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection

from crm.adapters.sendgrid import SendGridMailer
from crm.delivery.ports import BATCH_LIMIT, Accepted, Envelope
from crm.kernel.clock import real_clock

KEY = "SG.bench.bench"


def mailer_at(port: int) -> SendGridMailer:
    """Our mailer, to that provider."""
    return SendGridMailer(KEY, real_clock, host=f"http://127.0.0.1:{port}")


def hand_over(port: int, batch: Sequence[Envelope]) -> None:
    """One process: everything, ten at a time, and nothing written down."""
    mailer = mailer_at(port)
    for start in range(0, len(batch), BATCH_LIMIT):
        outcomes = mailer.send(batch[start : start + BATCH_LIMIT])
        if not all(isinstance(outcome, Accepted) for outcome in outcomes):
            raise SystemExit(f"The provider did not take a message: {outcomes}")
    mailer.close()


@contextlib.contextmanager
def running(seconds: float) -> Iterator[int]:
    """A provider that answers after `seconds`; its port."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs, seconds), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection, seconds: float) -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
                await reader.readexactly(length)
                await asyncio.sleep(seconds)
                writer.write(b"HTTP/1.1 202 Accepted\r\nX-Message-Id: bench\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(take, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())
