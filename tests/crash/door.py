"""A web process that answers one request over real HTTP and ends, or dies on its way: told PORT."""

import sys

from werkzeug.serving import make_server

from crm.web.app import create_app
from tests.crash.actor import services_told


def main() -> None:
    server = make_server("127.0.0.1", int(sys.argv[1]), create_app(services_told()))
    server.handle_request()
