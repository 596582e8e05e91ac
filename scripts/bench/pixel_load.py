"""Asking for pixels: with wrk where it is installed, else with a client that knows what it was answered."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crm.kernel.clock import monotonic

CONNECTIONS = 16
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3"
_SCRIPT = Path(__file__).with_name("pixel.lua")


@dataclass
class Load:
    """What came of a run."""

    answered: int = 0
    seconds: float = 0.0
    p99: float = 0.0
    """Milliseconds."""

    bad: int = 0
    targets: list[str] = field(default_factory=list)
    """Those that were answered with 200; empty after wrk, which does not tell."""

    work: float = 0.0
    """Seconds the server's processes worked for it, all cores together."""

    @property
    def each(self) -> float:
        """Microseconds of the server's work an answer."""
        return self.work / self.answered * 1e6 if self.answered else 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0


def work_of(pid: int) -> float:
    """Seconds that a process and its children have worked so far (Linux)."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(work_of(int(child)) for child in children)


def has_wrk() -> bool:
    """Tell whether the better client is installed."""
    return shutil.which("wrk") is not None


def load(port: int, targets: Sequence[str], seconds: float) -> Load:
    """As many requests as the server takes, for a time; each target once, as far as they last."""
    return _wrk(port, targets, seconds) if has_wrk() else asyncio.run(ask(port, targets, seconds))


def _wrk(port: int, targets: Sequence[str], seconds: float) -> Load:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(targets))
        file.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "-s", str(_SCRIPT)]
        done = subprocess.run(  # noqa: S603 - our own arguments
            [*command, f"http://127.0.0.1:{port}"],
            env={**os.environ, "TARGETS": file.name},
            capture_output=True,
            text=True,
            check=True,
        )
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    answered, took, p99, bad = line.split()[1:]
    return Load(int(answered), float(took), float(p99), int(bad))


async def ask(port: int, targets: Sequence[str], seconds: float) -> Load:
    """Our own client: kept connections, one request at a time on each, until the time or the server ends."""
    result, waiting, delays = Load(), iter(enumerate(targets)), list[float]()
    begun = monotonic()

    async def visitor() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for number, target in waiting:
                if monotonic() - begun > seconds:
                    return
                asked = monotonic()
                place = f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::7"
                writer.write(
                    f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {AGENT}\r\n"
                    f"X-Forwarded-For: {place}\r\n\r\n".encode()
                )
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
                delays.append(monotonic() - asked)
                if head.startswith(b"HTTP/1.1 200"):
                    result.targets.append(target)
                else:
                    result.bad += 1
        except (OSError, asyncio.IncompleteReadError, IndexError):
            return  # the server has ended: what was answered before is what counts
        finally:
            writer.close()

    await asyncio.gather(*(visitor() for _ in range(CONNECTIONS)))
    result.answered, result.seconds = len(result.targets), monotonic() - begun
    result.p99 = sorted(delays)[int(len(delays) * 0.99)] * 1_000 if delays else 0.0
    return result
