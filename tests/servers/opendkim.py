"""A real OpenDKIM on loopback, configured as `docs/mail.md` recommends, with a key of its own."""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import OPENDKIM, Process, demand, find, folder, greets
from tests.servers.scripted import closed_port

SELECTOR = "crm1"
_PAGE = Path(__file__).parents[2] / "docs" / "mail.md"


@dataclass(frozen=True)
class OpenDkim:
    """A milter, and what the name system would say about its key."""

    port: int
    domain: str
    record: bytes

    @property
    def postfix_lines(self) -> list[str]:
        return [f"smtpd_milters = inet:127.0.0.1:{self.port}", "milter_default_action = tempfail"]

    def dns(self, name: bytes, timeout: float = 5) -> bytes | None:  # noqa: ARG002 - dkimpy names it
        """A name server that knows one key, as dkimpy asks it."""
        return self.record if name == f"{SELECTOR}._domainkey.{self.domain}.".encode() else None


def recommended() -> dict[str, str]:
    """The lines of the page's OpenDKIM example, by name."""
    block = re.search(r"```\n(# /etc/opendkim\.conf\n.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
    assert block is not None, "docs/mail.md has no example for OpenDKIM"
    lines = [line.split(maxsplit=1) for line in block[1].splitlines() if line and not line.startswith("#")]
    return {name: value.strip() for name, value in lines}


@contextmanager
def milter(
    domain: str, change: Callable[[dict[str, str]], Mapping[str, str]] = lambda lines: lines
) -> Iterator[OpenDkim]:
    """Sign for a domain; `change` may spoil the recommended lines."""
    demand(OPENDKIM)
    port = closed_port()
    with folder() as root:
        genkey = find("opendkim-genkey") or "opendkim-genkey"
        subprocess.run(  # noqa: S603 - our own arguments
            [genkey, "-b", "2048", "-d", domain, "-s", SELECTOR, "-D", str(root)], check=True, cwd=root
        )
        ours = {
            "Domain": domain,
            "Selector": SELECTOR,
            "KeyFile": str(root / f"{SELECTOR}.private"),
            "Socket": f"inet:{port}@127.0.0.1",
            "PidFile": str(root / "pid"),
            "RequireSafeKeys": "no",  # the folder's parent is everybody's
            "Syslog": "no",
        }
        lines = {**change(recommended()), **ours}
        lines.pop("UserID", None)
        config = root / "opendkim.conf"
        config.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        process = Process([find("opendkim") or "opendkim", "-f", "-x", str(config)], root / "said")
        try:
            process.wait_until(lambda: greets(port))
            yield OpenDkim(port, domain, _record(root / f"{SELECTOR}.txt"))
        finally:
            process.stop()


def _record(zone: Path) -> bytes:
    """The key's TXT record from the zone file of opendkim-genkey: its strings joined (RFC 6376 §3.6.2.2)."""
    return "".join(re.findall(r'"([^"]*)"', zone.read_text())).encode()
