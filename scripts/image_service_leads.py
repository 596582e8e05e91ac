"""What the image service's stand-in knows of its leads, and the reports it owes the CRM."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import secrets
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

STAGES = ("invited", "signed_up", "first_image", "paid", "closed")
RETRY_SECONDS = (1, 2, 5, 30, 120, 600, 3600, 4 * 3600)
GIVE_UP_SECONDS = 3 * 86400
LEAD = {
    "lead_id": r"[A-Za-z0-9_-]{16,64}",
    "created_at": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)",
    "code_digest": r"[0-9a-f]{64}",
    "expires_at": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)",
    "language": r"nl|en|de|fr",
}
COMPANY = {"name": r"(?s:.{1,200})", "country": r"[A-Z]{2}", "website": r"(?s:(?=.{1,300}\Z)https?://.*)"}
SCHEMA = """
CREATE TABLE IF NOT EXISTS lead (lead_id TEXT PRIMARY KEY, remote_id TEXT NOT NULL UNIQUE, body BLOB NOT NULL,
  code_digest TEXT NOT NULL UNIQUE, expires_at TEXT NOT NULL, company TEXT NOT NULL, stage TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS report (id TEXT PRIMARY KEY, lead_id TEXT NOT NULL, body BLOB NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0, since REAL NOT NULL, next_at REAL, UNIQUE (lead_id, body));
"""


def clock() -> float:
    return time.time()  # noqa: TID251 - another program than the CRM, with a clock of its own


def signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    mac = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def is_lead(fields: object) -> bool:
    """Tell whether a body keeps `lead.json`."""
    if not isinstance(fields, dict) or fields.keys() != {*LEAD, "company"}:
        return False
    company = fields["company"]
    if not isinstance(company, dict) or not {"name"} <= company.keys() <= COMPANY.keys():
        return False
    checks = [(LEAD[name], fields[name]) for name in LEAD] + [
        (COMPANY[name], company[name]) for name in company
    ]
    return all(isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) for pattern, value in checks)


class Service:
    """What the service knows, and the reports it owes the CRM."""

    def __init__(self, data: Path, crm: str, signing: list[str]) -> None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file, self.crm, self.secrets = data / "image-service.db", urlsplit(crm), signing
        self.owed, self.stopping = threading.Event(), threading.Event()
        with closing(self.open()) as db:
            db.executescript(SCHEMA)

    def open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, timeout=10, isolation_level=None)

    def is_signed(self, headers: Message, body: bytes) -> bool:
        message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if message_id.startswith("report_") or not re.fullmatch(r"[0-9]{10}", stamp, re.ASCII):
            return False
        if abs(clock() - int(stamp)) > 300 or not message_id.isascii():
            return False
        right = [signature(secret, message_id, stamp, body).encode() for secret in self.secrets]
        given = headers.get("webhook-signature", "").encode().split()
        return any([hmac.compare_digest(one, other) for one in right for other in given])  # noqa: C419 - compare all

    def take(self, body: bytes) -> tuple[int, dict[str, str]]:
        """The answer to a signed POST /leads."""
        try:
            fields = json.loads(body)
        except ValueError:
            fields = None
        if not is_lead(fields):
            return 400, {"error": "not_a_lead"}
        lead_id, fresh = fields["lead_id"], secrets.token_hex(12)
        row = (
            lead_id,
            fresh,
            body,
            fields["code_digest"],
            fields["expires_at"],
            fields["company"]["name"],
            STAGES[0],
        )
        with closing(self.open()) as db:
            new = db.execute("INSERT INTO lead VALUES (?,?,?,?,?,?,?) ON CONFLICT DO NOTHING", row).rowcount
            kept = db.execute("SELECT remote_id, body FROM lead WHERE lead_id=?", (lead_id,)).fetchone()
        if kept is None or kept[1] != body:
            return 409, {"error": "other_body" if kept else "other_lead"}
        return (201 if new else 200), {"lead_id": lead_id, "remote_id": kept[0]}

    def by_code(self, code: str) -> tuple[str, str] | None:
        """Remote id and company of a lead whose code still works."""
        digest = hashlib.sha256(code.strip().lower().encode()).hexdigest()
        with closing(self.open()) as db:
            row = db.execute(
                "SELECT remote_id, company, expires_at, stage FROM lead WHERE code_digest=?", (digest,)
            )
            found = row.fetchone()
        if found is None or found[3] != STAGES[0] or datetime.fromisoformat(found[2]).timestamp() < clock():
            return None
        return found[0], found[1]

    def stage(self, remote_id: str) -> tuple[str, str] | None:
        """Company and stage of an account."""
        with closing(self.open()) as db:
            row: tuple[str, str] | None = db.execute(
                "SELECT company, stage FROM lead WHERE remote_id=?", (remote_id,)
            ).fetchone()
        return row

    def reach(self, remote_id: str, stage: str) -> None:
        """Move an account forward, and owe the CRM a report of it, in one transaction; never backward."""
        with closing(self.open()) as db:
            db.execute("BEGIN IMMEDIATE")
            row = db.execute("SELECT lead_id, stage FROM lead WHERE remote_id=?", (remote_id,)).fetchone()
            if row is not None and STAGES.index(stage) > STAGES.index(row[1]):
                at = datetime.fromtimestamp(clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                report = {"lead_id": row[0], "remote_id": remote_id, "type": stage, "occurred_at": at}
                db.execute("UPDATE lead SET stage=? WHERE remote_id=?", (stage, remote_id))
                owed = (
                    f"report_{secrets.token_hex(16)}",
                    row[0],
                    json.dumps(report).encode(),
                    clock(),
                    clock(),
                )
                db.execute("INSERT INTO report (id, lead_id, body, since, next_at) VALUES (?,?,?,?,?)", owed)
            db.execute("COMMIT")
        self.owed.set()

    def report(self) -> None:
        """Pay what is owed, for ever: until the CRM answers 2xx or 410, or three days have passed."""
        while not self.stopping.is_set():
            self.owed.clear()
            with closing(self.open()) as db:
                due = db.execute(
                    "SELECT id, body, tries, since FROM report WHERE next_at <= ? ORDER BY since", (clock(),)
                ).fetchall()
                for report_id, body, tries, since in due:
                    status = self.post(report_id, body)
                    done = 200 <= status < 300 or status == 410 or clock() - since > GIVE_UP_SECONDS
                    wait = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                    again = None if done else clock() + wait
                    db.execute("UPDATE report SET tries=tries+1, next_at=? WHERE id=?", (again, report_id))
                    print(f"report {report_id} answered {status}", flush=True)
            self.owed.wait(0.5)

    def post(self, report_id: str, body: bytes) -> int:
        """One attempt; 0 when there was no answer."""
        stamp = str(int(clock()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": report_id,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(signature(one, report_id, stamp, body) for one in self.secrets),
        }
        kind = http.client.HTTPSConnection if self.crm.scheme == "https" else http.client.HTTPConnection
        with closing(kind(self.crm.hostname or "", self.crm.port, timeout=15)) as connection:
            try:
                connection.request("POST", f"{self.crm.path.rstrip('/')}/hooks/image-service", body, headers)
                return connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return 0
