"""A real Postfix on loopback: takes our mail as a relay does, delivers it, and sends reports about it.

Mail to the domains of `here` lands in one Maildir; all else goes on to `onward`, a server of the test's.
"""

import email
import email.policy
import pwd
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from crm.kernel.clock import monotonic
from tests.servers.process import POSTFIX, USER, Process, demand, find, folder, greets, owned
from tests.servers.scripted import closed_port
from tests.servers.tls import Tls

DOMAIN = "outreach.produfoto.example"
_PATIENCE = 20.0  # seconds

_MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = {root}/log
maillog_file_prefixes = {root}
command_directory = /usr/sbin
daemon_directory = {daemons}
myhostname = relay.{domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, {strangers}
virtual_mailbox_domains = {here}
virtual_mailbox_base = {root}/home
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
default_transport = {onward}
disable_dns_lookups = yes
smtp_host_lookup = native
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
smtputf8_enable = no
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n - 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix - - n - 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """Where it listens, and what it delivered."""

    port: int
    maildir: Path
    log: Path
    _seen: set[str] = field(default_factory=set)

    def delivered(self) -> list[bytes]:
        """Everything in the Maildir, oldest first; lines end as the file has them."""
        files = [path for path in (self.maildir / "new").glob("*") if path.is_file()]
        return [path.read_bytes() for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]

    def wait_for(self, number: int) -> list[bytes]:
        """Wait until so many mails have come.

        Raises:
            AssertionError: they have not, with Postfix's own log.
        """
        end = monotonic() + _PATIENCE
        while len(found := self.delivered()) < number:
            assert monotonic() < end, f"{len(found)} of {number} came.\n{self.log.read_text()}"
            threading.Event().wait(0.05)
        return found

    def clear(self) -> None:
        for room in ("new", "cur"):
            for path in (self.maildir / room).glob("*"):
                path.unlink()


def without_trace(raw: bytes) -> bytes:
    """The mail without what servers wrote in front of it on its way, lines ended as on the wire."""
    lines = raw.replace(b"\r\n", b"\n").split(b"\n")
    trace = (b"return-path:", b"x-original-to:", b"delivered-to:", b"received:", b"dkim-signature:")
    while lines[0].lower().startswith(trace):
        lines.pop(0)
        while lines[0][:1] in {b" ", b"\t"}:
            lines.pop(0)
    return b"\r\n".join(lines)


def read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


@contextmanager
def server(
    *, here: str = DOMAIN, onward: str = "error:5.1.1 nobody there", tls: Tls | None = None,
    strangers: str = "reject_unauth_destination", more: Sequence[str] = (),
) -> Iterator[Postfix]:  # fmt: skip
    """Start it, with further lines of its configuration; end it when the block ends."""
    demand(POSTFIX)
    daemons = next(
        path for path in (Path("/usr/lib/postfix/sbin"), Path("/usr/libexec/postfix")) if path.is_dir()
    )
    account = pwd.getpwnam(USER)
    port = closed_port()
    with folder() as root:
        for name in ("queue", "data", "conf"):
            (root / name).mkdir(mode=0o755)
        owned(root / "data", "postfix")
        for name in ("home", "home/box", "home/box/new", "home/box/cur", "home/box/tmp"):
            owned(root / name)
        main = _MAIN.format(
            root=root, daemons=daemons, domain=DOMAIN, here=here, onward=onward, uid=account.pw_uid,
            gid=account.pw_gid, strangers=strangers,
        )  # fmt: skip
        lines = [*more]
        if tls is not None:
            lines += [
                "smtpd_tls_security_level = encrypt",
                "smtpd_tls_received_header = yes",
                f"smtpd_tls_cert_file = {tls.certificate}",
                f"smtpd_tls_key_file = {tls.key}",
            ]
        (root / "conf" / "main.cf").write_text(main + "".join(f"{line}\n" for line in lines))
        (root / "conf" / "master.cf").write_text(_MASTER.format(port=port))
        process = Process([find("postfix") or "postfix", "-c", str(root / "conf"), "start-fg"], root / "said")
        try:
            process.wait_until(lambda: greets(port, b"220 "))
            yield Postfix(port, root / "home" / "box", root / "log")
        finally:
            process.stop(root / "queue" / "pid" / "master.pid")
