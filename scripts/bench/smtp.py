"""Messages handed to an SMTP sink per second: our mailer against the standard library's client, one run.

usage: smtp.py [--n 3000] [--rounds 3] [--processes 2]

The sink is a process of its own on loopback that announces PIPELINING and keeps nothing. Both sides hand over
the same messages: `smtplib` with a connection for each and with one kept, our `SmtpMailer` in batches
of ten with one and with several processes. The median of the rounds, and ratios to the kept `smtplib`.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import smtplib
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.ports import Accepted, Envelope

SENDER = "b+token@bounce.example"
BODY = "\r\n".join(["Beste lezer,", "", *(["Ik zag dat uw winkel het assortiment uitbreidt. " * 2] * 18), ""])
HEAD = (
    "From: Produfoto <sales@outreach.example>\r\nTo: {to}\r\nSubject: Een vraag\r\n"
    "Date: Mon, 02 Mar 2026 10:00:00 +0100\r\nMessage-ID: <{id}@outreach.example>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
)


def messages(count: int) -> list[Envelope]:
    made = []
    for number in range(count):
        to, public_id = f"inkoop{number}@winkel.example", f"bench{number:021d}"
        made.append(
            Envelope(public_id, SENDER, to, (HEAD.format(to=to, id=public_id) + BODY).encode("ascii"))
        )
    return made


class Sink(asyncio.Protocol):
    """Answers in groups, as good servers do."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.waiting = b""
        self.in_body = False
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        answers = []
        while True:
            end, size = (b"\r\n.\r\n", 5) if self.in_body else (b"\r\n", 2)
            place = self.waiting.find(end)
            if place < 0:
                break
            command, self.waiting = self.waiting[:place], self.waiting[place + size :]
            answers.append(self.answer(command[:4].upper()))
        self.transport.write(b"".join(answers))

    def answer(self, verb: bytes) -> bytes:
        if self.in_body:
            self.in_body = False
            return b"250 2.0.0 Ok: queued as 4F1\r\n"
        if verb == b"DATA":
            self.in_body = True
            return b"354 go\r\n"
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 2.1.0 Ok\r\n"


def sink(port: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


@contextlib.contextmanager
def running_sink() -> Iterator[int]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=sink, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def connection_each(port: int, batch: Sequence[Envelope]) -> None:
    for one in batch:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as client:
            client.sendmail(one.sender, [one.recipient], one.wire)


def kept(port: int, batch: Sequence[Envelope]) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as client:
        for one in batch:
            client.sendmail(one.sender, [one.recipient], one.wire)


def ours(port: int, batch: Sequence[Envelope]) -> None:
    mailer = SmtpMailer(Relay("127.0.0.1", port, TlsMode.NONE, our_name="bench.example"))
    for start in range(0, len(batch), 10):
        outcomes = mailer.send(batch[start : start + 10])
        if not all(isinstance(outcome, Accepted) for outcome in outcomes):
            raise SystemExit(f"The sink did not take a message: {outcomes}")
    mailer.close()


def shared(
    way: Callable[[int, Sequence[Envelope]], None], processes: int, port: int, batch: Sequence[Envelope]
) -> None:
    workers = [
        multiprocessing.Process(target=way, args=(port, batch[place::processes]))
        for place in range(processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    batch = messages(options.n)
    several = options.processes
    ways: dict[str, Callable[[int], None]] = {
        "smtplib, a connection each": lambda port: connection_each(port, batch[: options.n // 4]),
        "smtplib, one kept": lambda port: kept(port, batch),
        f"smtplib, one kept, {several} processes": lambda port: shared(kept, several, port, batch),
        "ours": lambda port: ours(port, batch),
        f"ours, {several} processes": lambda port: shared(ours, several, port, batch),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    with running_sink() as port:
        for _ in range(options.rounds):
            for name, way in ways.items():
                start = time.perf_counter()
                way(port)
                count = options.n // 4 if "each" in name else options.n
                rates[name].append(count / (time.perf_counter() - start))
    base = statistics.median(rates["smtplib, one kept"])
    print("| way | messages/s | to smtplib kept |\n|---|---|---|")
    for name, found in rates.items():
        print(f"| {name} | {statistics.median(found):,.0f} | {statistics.median(found) / base:.2f} |")


if __name__ == "__main__":
    main()
