"""What is left when everybody has gone: no client address, no cookie, no wish that came from looking."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.routing import Rule

from crm.handoff.models import Lead
from crm.kernel import keys
from crm.operations.models import RateLimit
from crm.permission.models import Evidence
from crm.privacy.models import Erasure, Refusal, RefusalKey, RightsRequest
from crm.prospects.models import Prospect
from crm.staff.models import Invitation, Staff
from crm.tracking.models import Opening
from crm.web.access import Open, access_of
from crm.web.app import create_app
from crm.web.pixel import GIF
from tests.journeys.conftest import mail_domains
from tests.journeys.office import bring_in, wait_for
from tests.journeys.post import Arrived, deliver
from tests.journeys.running import PLACES, Running, program
from tests.journeys.test_yes import ANNA, BAS, CHOICES, SERIES, SHEET
from tests.journeys.visitor import FORM, Visitor, published
from tests.promises.ip_scan import Scan, secrets_in
from tests.servers.dns import DnsServer
from tests.servers.scripted import closed_port
from tests.servers.stand_in import StandIn

WISHES = (Refusal, RefusalKey, RightsRequest, Erasure, Evidence, Invitation, Staff)
"""Where what somebody wants is written down, and who may come in."""

GARBAGE = ("0", "x" * 200, "..%2f..%2fetc", "%00")


@pytest.fixture
def running(tmp_path: Path, database_url: str) -> Iterator[Running]:
    """The whole program; the image service stands beside it and never hears of an address."""
    var, port = tmp_path / "var", closed_port()
    keys.make_missing(var / "keys")
    secrets = (var / "keys" / "image_service").read_text().split()
    service = StandIn(tmp_path / "service", secrets, f"http://127.0.0.1:{port}")
    with DnsServer(mail_domains()) as names, service as there:
        more = {
            "CRM_DATABASE_URL": database_url,
            "CRM_NAME_SERVER": f"127.0.0.1:{names.address[1]}",
            "CRM_IMAGE_SERVICE_URL": there.url,
            "CRM_TRUSTED_PROXIES": "127.0.0.1",
        }
        with program(var, port, more) as running:
            yield running


@pytest.mark.both_databases
def test_after_the_whole_run_no_client_address_is_anywhere(running: Running) -> None:
    noor = running.claim()
    first, second = written_to(running, noor)
    opened(running, first)
    start = said_yes(running, noor, second)
    links = [first.link("/u/"), first.link("/about/"), start, first.pictures[0]]
    looking_changes_nothing(running, links)
    wishes(running, first, start)
    noise(running, links)
    noor.close()
    assert running.rows(RateLimit)["rate_limits"], "addresses were counted"
    scan = Scan(PLACES, secrets_in(running.var / "keys"))
    assert scan.folder(running.var) == [], "while everything runs, write-ahead log included"
    running.stop()
    logs = [file for file in (running.var / "logs").iterdir() if file.stat().st_size]
    assert {"web.log", "scheduler.log"} <= {file.name for file in logs}
    assert scan.folder(running.var) == []
    assert scan.database(running.services.database) == []


def written_to(running: Running, noor: Visitor) -> tuple[Arrived, Arrived]:
    """Two people are imported, enrolled and written to by the scheduler on its own."""
    running_import = bring_in(noor, SHEET, **CHOICES)
    wait_for(lambda: "Added" in noor.get(running_import.url).words, seconds=60)
    published(noor, SERIES)
    everybody = [str(row[0]) for row in running.rows(Prospect)["prospects"]]
    enrolled = noor.submit(noor.get("/prospects"), "/prospects/bulk", id=everybody, act="enrol")
    assert "2 of 2 enrolled" in enrolled.text, enrolled.words
    wait_for(lambda: bool(running.mails_to(ANNA) and running.mails_to(BAS)), seconds=120)
    return running.mails_to(ANNA)[0], running.mails_to(BAS)[0]


def opened(running: Running, mail: Arrived) -> None:
    """Everywhere people read mail, the picture is fetched; nobody gets a cookie with it."""
    for method in ("GET", "HEAD", "GET"):
        reader = running.visitor()
        answer = reader.ask(method, mail.pictures[0])
        assert answer.status == 200
        assert answer.body == (GIF if method == "GET" else b"")
        assert reader.cookies == {}
        reader.close()
    wait_for(lambda: len(running.rows(Opening)["openings"]) == 2)
    digests = {row[4] for row in running.rows(Opening)["openings"]}
    assert None not in digests
    assert len(digests) == 2, "two places, two digests"


def said_yes(running: Running, noor: Visitor, mail: Arrived) -> str:
    """Somebody answers, converts, and gets their link."""
    deliver(running.inbox, mail.answer("Ja, dat willen we wel. Stuur maar op."))
    wait_for(lambda: "dat willen we wel" in noor.get("/").words, seconds=60)
    listed = noor.get(f"/prospects?q={mail.recipient.partition('@')[0]}")
    noor.follow(noor.submit(noor.get(f"{listed.links('/prospects/[0-9]+$')[0]}/convert"), "/convert$"))
    before = len(running.mails_to(mail.recipient))
    wait_for(lambda: len(running.mails_to(mail.recipient)) > before, seconds=60)
    return running.mails_to(mail.recipient)[-1].link("/start/")


def public_rules(running: Running) -> list[tuple[Rule, Open]]:
    """Every address that asks for no session, from the program's own table."""
    app = create_app(running.services)
    found = [(rule, access_of(app.view_functions[rule.endpoint])) for rule in app.url_map.iter_rules()]
    return [(rule, access) for rule, access in found if isinstance(access, Open)]


def looking_changes_nothing(running: Running, links: list[str]) -> None:
    """Every public address, with every token there is and some that are none, by GET and HEAD."""
    before = running.rows(*WISHES), codes(running)
    tokens = [link.removesuffix(".gif").rpartition("/")[2] for link in links]
    looked = 0
    for rule, _ in public_rules(running):
        if "GET" not in (rule.methods or ()):
            continue
        paths = {rule.rule} if not rule.arguments else set()
        for argument in rule.arguments:
            stem = rule.rule.partition("<")[0]
            paths |= {f"{stem}{token}" for token in [*tokens, *GARBAGE] if argument}
        for path, method in ((path, method) for path in sorted(paths) for method in ("GET", "HEAD")):
            anybody = running.visitor()
            answer = anybody.ask(method, path)
            assert answer.status < 500 or path == "/healthz", (method, rule.rule, answer.status)
            assert anybody.cookies == {}, rule.rule
            assert "Set-Cookie" not in answer.headers
            anybody.close()
            looked += 1
    assert looked > 60
    assert (running.rows(*WISHES), codes(running)) == before


def codes(running: Running) -> list[object]:
    """When sign-up codes were used."""
    place = list(Lead.__table__.columns.keys()).index("code_used_at")
    return [row[place] for row in running.rows(Lead)["leads"]]


def wishes(running: Running, mail: Arrived, start: str) -> None:
    """Stop, object, ask for a copy, go on to the sign-up: all of it without a cookie."""
    acts = [
        (mail.one_click, []),
        (mail.link("/u/"), [("choice", "measuring")]),
        (mail.link("/about/"), []),
        ("/objection", [("address", "iemand@stoelenhuis.example"), ("choice", "stop")]),
        (start, []),
    ]
    before = running.rows(Refusal)["refusals"]
    for path, fields in acts:
        somebody = running.visitor()
        assert somebody.post(path, fields).status in {200, 303}, path
        assert somebody.cookies == {}
        somebody.close()
    assert len(running.rows(Refusal)["refusals"]) == len(before) + 3
    assert None not in codes(running)


def noise(running: Running, links: list[str]) -> None:
    """What goes wrong is logged, and logs know no addresses either."""
    for _ in range(12):
        stranger = running.visitor()
        stranger.post("/login", [("email", "noor@produfoto.example"), ("password", "a guess")])
        assert stranger.cookies == {}
        stranger.close()
    stranger = running.visitor()
    for path in ("/prospects", "/team", "/nowhere", "/hooks/inbound", "/u/", "/o/x.gif", *links):
        stranger.ask("DELETE", path)
        stranger.ask("POST", f"{path}broken", b"\xff" * 500, {"Content-Type": FORM})
    stranger.ask("POST", "/objection", b"address=" + b"x" * 3_000_000, {"Content-Type": FORM})
    assert stranger.cookies == {}
    stranger.close()
