"""A web process of the fast stage, which answers until somebody kills it: told PORT."""

import os
import sys
from pathlib import Path

from werkzeug.serving import make_server

from crm.kernel.settings import Settings
from crm.web.app import create_app
from tests import world
from tests.crash.stage import Stage


def main() -> None:
    settings = Settings.from_env(os.environ)
    stage = Stage.enter(settings, float(os.environ["CRASH_STARTED"]))
    app = create_app(world.services(settings, stage.database, stage.clocks))
    server = make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True)
    (Path(os.environ["CRM_VAR"]) / "door.pid").write_text(str(os.getpid()))
    server.serve_forever()
