"""An office with its surroundings: a post office, a name server, the image service."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crm.bootstrap.home import make_home
from tests.journeys.office import Office, open_office, served
from tests.journeys.post import Post, post_office
from tests.servers.dns import DnsServer
from tests.servers.stand_in import StandIn

DOMAINS = ("kaarsenwinkel.example", "stoelenhuis.example", "xn--bcher-kva.example")


def mail_domains(domains: tuple[str, ...] = DOMAINS) -> dict[tuple[str, str], list[str] | str]:
    """Every domain has a mail server; all of them the same one."""
    known: dict[tuple[str, str], list[str] | str] = {("mx.post.example", "A"): ["198.51.100.25"]}
    return {**known, **{(domain, "MX"): ["10 mx.post.example."] for domain in domains}}


@dataclass
class World:
    """The office and what is around it."""

    office: Office
    post: Post
    image_service: StandIn


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    var = tmp_path / "var"
    make_home(var)
    secrets = (var / "keys" / "image_service").read_text().split()
    with served() as server, post_office() as post, DnsServer(mail_domains()) as names:
        url = f"http://127.0.0.1:{server.port}"
        with StandIn(tmp_path / "image-service", secrets, url) as image_service:
            around = {
                "CRM_MAILER": "smtp",
                "CRM_SMTP_HOST": "127.0.0.1",
                "CRM_SMTP_PORT": str(post.port),
                "CRM_SMTP_TLS": "none",
                "CRM_NAME_SERVER": f"127.0.0.1:{names.address[1]}",
                "CRM_IMAGE_SERVICE_URL": image_service.url,
            }
            with open_office(var, database_url, server, around) as office:
                yield World(office, post, image_service)
