"""A real Dovecot on loopback: one account, IMAP under TLS, its mail in a Maildir that tests reach into."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from crm.adapters.imap_session import ImapPlace
from crm.adapters.smtp_session import TlsMode
from tests.servers.process import DOVECOT, Process, account, as_user, demand, find, folder, greets, owned
from tests.servers.scripted import closed_port
from tests.servers.tls import Tls

USER, PASSWORD = "post@outreach.produfoto.example", "wachtwoord-é"

# A wrong password is answered at once, and the next one as well: a machine of strangers would make us wait.
# Without root's powers, as Dovecot's own manual describes it ("rootless installation").
_CONFIG = """\
base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
auth_mechanisms = plain login
ssl = yes
ssl_cert = <{root}/certificate.pem
ssl_key = <{root}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{root}/mail
passdb {{
  driver = passwd-file
  args = {root}/passwd
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={root}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def place_at(port: int) -> ImapPlace:
    """In the open, on this machine."""
    return ImapPlace("127.0.0.1", port, USER, PASSWORD, TlsMode.NONE)


@dataclass
class Dovecot:
    """Where it listens, and what it holds."""

    root: Path
    port: int
    """STARTTLS, or in the open."""

    tls_port: int
    process: Process

    @property
    def place(self) -> ImapPlace:
        return ImapPlace("127.0.0.1", self.tls_port, USER, PASSWORD)

    @property
    def open_place(self) -> ImapPlace:
        return place_at(self.port)

    def client(self) -> IMAPClient:
        """Somebody else's mail program."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False)
        client.plain_login(USER, PASSWORD)
        client.select_folder("INBOX")
        return client

    def append(self, *mails: bytes) -> None:
        client = self.client()
        for raw in mails:
            client.append("INBOX", raw)
        client.logout()

    def mails(self) -> dict[int, tuple[bytes, frozenset[bytes]]]:
        """Bytes and flags by UID."""
        client = self.client()
        found = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS"])
        client.logout()
        return {uid: (parts[b"BODY[]"], frozenset(parts[b"FLAGS"])) for uid, parts in found.items()}

    def empty(self) -> None:
        client = self.client()
        client.delete_messages(client.search())
        client.expunge()
        client.logout()

    def make_anew(self) -> None:
        """The mailbox is lost and put back from a copy: the same mails, another UIDVALIDITY, no flags."""
        mails = [raw for raw, _ in self.mails().values()]
        client = self.client()
        before = client.folder_status("INBOX", ["UIDVALIDITY"])[b"UIDVALIDITY"]
        client.logout()
        self.hang_up()
        rooms = [self.root / "mail" / room for room in ("new", "cur")]
        for path in [
            *(path for room in rooms for path in room.iterdir()),
            *(self.root / "mail").glob("dovecot*"),
        ]:
            path.unlink()
        listing = self.root / "mail" / "dovecot-uidlist"
        listing.write_text(f"3 V{before + 7} N1 G{'5a' * 16}\n")
        owned(listing)
        self.append(*mails)

    def hang_up(self) -> None:
        """End every conversation, as a restart of the server would."""
        self.admin("kick", USER)

    def admin(self, *words: str) -> str:
        command = [find("doveadm") or "doveadm", "-c", str(self.root / "dovecot.conf"), *words]
        done = subprocess.run(  # noqa: S603 - our own arguments
            as_user(command), check=False, capture_output=True, text=True, cwd="/"
        )
        return done.stdout + done.stderr

    def log(self) -> str:
        return (self.root / "log").read_text(errors="replace") + self.process.said()


@contextmanager
def server(tls: Tls, more: Sequence[str] = ()) -> Iterator[Dovecot]:
    """Start it, with further lines of its configuration; end it when the block ends."""
    demand(DOVECOT)
    port = closed_port()
    tls_port = next(one for one in iter(closed_port, None) if one != port)
    with folder() as root:
        for name in ("run", "home", "mail"):
            owned(root / name)
        for source, name in ((tls.certificate, "certificate.pem"), (tls.key, "key.pem")):
            (root / name).write_bytes(source.read_bytes())
            owned(root / name)
        (root / "passwd").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", "utf-8")
        user, group = account()
        config = _CONFIG.format(root=root, user=user, group=group, port=port, tls_port=tls_port)
        (root / "dovecot.conf").write_text(config + "".join(f"{line}\n" for line in more))
        owned(root)
        command = [find("dovecot") or "dovecot", "-F", "-c", str(root / "dovecot.conf")]
        process = Process(as_user(command), root / "said")
        try:
            process.wait_until(lambda: greets(port, b"* OK"))
            yield Dovecot(root, port, tls_port, process)
        finally:
            process.stop()
