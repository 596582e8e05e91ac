"""The scan for client addresses finds one in whatever form it is planted."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest

from crm.kernel.db import Database
from crm.operations import heartbeat
from tests.conftest import NOW
from tests.promises.ip_scan import Scan, secrets_in

V4, V6 = "192.0.2.44", "2001:db8:0:1::44"
SECRET = b"x7Wd0aQnB1rT4yUe9sKfLmZpVhCg2JoI"

FORMS: dict[str, Callable[[str], bytes]] = {
    "as written": lambda one: one.encode(),
    "in a log line": lambda one: f'{{"event": "x", "from": "{one}:4711"}}'.encode(),
    "wide": lambda one: one.encode("utf-16-le"),
    "decimal": lambda one: str(int(ip_address(one))).encode(),
    "packed": lambda one: ip_address(one).packed,
    "packed the other way": lambda one: ip_address(one).packed[::-1],
    "reversed": lambda one: ip_address(one).reverse_pointer.encode(),
    "base64 of the text": lambda one: base64.b64encode(one.encode()),
    "hex of the text": lambda one: one.encode().hex().encode(),
    "hex": lambda one: f"{int(ip_address(one)):X}".encode(),
    "md5": lambda one: hashlib.md5(one.encode(), usedforsecurity=False).hexdigest().encode(),
    "sha256": lambda one: hashlib.sha256(one.encode()).hexdigest().encode(),
    "sha256 cut short": lambda one: hashlib.sha256(one.encode()).hexdigest()[:32].encode(),
    "sha256 of the packed form, raw": lambda one: hashlib.sha256(ip_address(one).packed).digest(),
    "sha1, base64": lambda one: base64.b64encode(hashlib.sha1(one.encode(), usedforsecurity=False).digest()),
    "keyed with a secret of ours": lambda one: hmac.digest(SECRET, one.encode(), "sha256").hex().encode(),
    "salted with a secret of ours": lambda one: hashlib.sha256(SECRET + one.encode()).hexdigest().encode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("address", [V4, V6])
def test_an_address_is_found_in_a_file_in_every_form(tmp_path: Path, address: str, form: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "secret_key").write_bytes(SECRET)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "some.log").write_bytes(b"before " * 50_000 + FORMS[form](address) + b" after")
    found = Scan([V4, V6], secrets_in(tmp_path / "keys")).folder(tmp_path)
    assert {(one.place, one.address) for one in found} == {("deep/some.log", address)}


def test_it_is_found_across_the_parts_a_file_is_read_in(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"." * ((1 << 18) - 5) + V4.encode() + b"." * 100)
    assert Scan([V4]).folder(tmp_path)


def test_a_file_without_one_is_clean(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"192.0.2.4 and 2001:db8::4, and " + hashlib.sha256(b"x").digest())
    assert Scan([V4, V6], [SECRET]).folder(tmp_path) == []


@pytest.mark.both_databases
def test_one_in_a_row_is_found(database: Database) -> None:
    scan = Scan([V4])
    assert scan.database(database) == []
    with database.transaction() as session:
        heartbeat.beat(session, "x", at=NOW, detail={"from": V4})
    assert [(one.place, one.form) for one in scan.database(database)] == [
        ("table heartbeats", "as written, utf-8")
    ]
