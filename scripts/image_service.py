"""A small stand-in for the image service: another program than the CRM, sharing the contract but no code.

usage: image_service.py --port 8900 --crm http://127.0.0.1:8000 --secret-file FILE --data DIR

It takes leads, shows the sign-up page behind a code, lets the person press what a customer would do (first
picture, payment, closing the account), and reports each step to the CRM until that has answered. What it must
keep is in `docs/image-service.md`; its state is one SQLite file.
"""

import argparse
import html
import json
import re
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file from anywhere

from scripts.image_service_leads import STAGES, Service

BUTTONS = {
    "first_image": "Make my first picture",
    "paid": "Pay for the first month",
    "closed": "Close my account",
}


def page(title: str, inner: str) -> bytes:
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
    return f"{head}<h1>{title}</h1>{inner}</html>".encode()


def account_page(remote_id: str, company: str, stage: str) -> bytes:
    left = [name for name in BUTTONS if STAGES.index(name) > STAGES.index(stage)]
    forms = "".join(
        f'<form method=post action="/account/{remote_id}/{name}"><button>{BUTTONS[name]}</button></form>'
        for name in (left if stage != "closed" else [])
    )
    return page("Produfoto images", f"<p>{html.escape(company)}: <strong>{stage}</strong></p>{forms}")


GONE = page(
    "This link no longer works", "<p>It was used already, or its time is over. Ask us for another.</p>"
)


class Handler(BaseHTTPRequestHandler):
    """One request; `service` is set by `main`."""

    service: Service
    timeout = 15

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        code = parse_qs(url.query).get("c", [""])[0]
        account = re.fullmatch(r"/account/([0-9a-f]{24})", url.path)
        if url.path == "/health":
            self.answer(200, b"ok", "text/plain")
        elif url.path == "/sign-up":
            lead = self.service.by_code(code)
            field = f'<input type=hidden name=c value="{html.escape(code)}">'
            form = f"<form method=post>{field}<button>Sign up</button></form>"
            self.answer(200, page(f"Welcome, {html.escape(lead[1])}", form) if lead else GONE)
        elif account and (known := self.service.stage(account[1])):
            self.answer(200, account_page(account[1], *known))
        else:
            self.answer(404, page("Not here", ""))

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(size)) if size.isdigit() and int(size) < 100_000 else b""
        path = urlsplit(self.path).path
        step = re.fullmatch(r"/account/([0-9a-f]{24})/(first_image|paid|closed)", path)
        if path == "/leads":
            signed = self.service.is_signed(self.headers, body)
            status, fields = self.service.take(body) if signed else (401, {"error": "not_signed"})
            self.answer(status, json.dumps(fields).encode(), "application/json")
        elif path == "/sign-up" and (
            lead := self.service.by_code(parse_qs(body.decode("latin-1")).get("c", [""])[0])
        ):
            self.service.reach(lead[0], "signed_up")
            self.go_to(f"/account/{lead[0]}")
        elif step:
            self.service.reach(step[1], step[2])
            self.go_to(f"/account/{step[1]}")
        else:
            self.answer(404, GONE)

    def go_to(self, path: str) -> None:
        self.send_response(303)
        self.send_header("Location", path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, status: int, body: bytes, kind: str = "text/html; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Addresses and codes belong in no log."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand-in for the image service.")
    parser.add_argument(
        "--port", type=int, required=True, help="on 127.0.0.1; 0 takes a free one and prints it"
    )
    parser.add_argument("--crm", required=True, help="the CRM's address, such as http://127.0.0.1:8000")
    parser.add_argument("--secret-file", type=Path, required=True, help="whsec_ secrets, one a line")
    parser.add_argument("--data", type=Path, required=True, help="folder for its SQLite file")
    options = parser.parse_args()
    Handler.service = Service(options.data, options.crm, options.secret_file.read_text().split())
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    courier = threading.Thread(target=Handler.service.report, daemon=True)
    courier.start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        Handler.service.stopping.set()
        Handler.service.owed.set()
        courier.join(timeout=1)
        server.server_close()


if __name__ == "__main__":
    main()
