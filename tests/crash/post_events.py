"""A web process that takes one signed post, and may die on its way to the answer."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from crm.adapters.sendgrid_hook import SIGNATURE, STAMP, SendGridHook
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.web.app import create_app
from tests import world
from tests.conftest import NOW


def main() -> None:
    settings = world.settings(Path(os.environ["CRM_VAR"]), os.environ["CRM_DATABASE_URL"])
    database = Database(settings.database_url)
    services = world.services(settings, database, Clocks(calendar=lambda: NOW, real=lambda: NOW))
    services = replace(services, event_hook=SendGridHook([os.environ["POST_KEY"]]))
    headers = {SIGNATURE: os.environ["POST_SIGNATURE"], STAMP: os.environ["POST_STAMP"]}
    answer = (
        create_app(services)
        .test_client()
        .post("/hooks/sendgrid", data=sys.stdin.buffer.read(), headers=headers)
    )
    sys.stdout.write(f"{answer.status_code}\n")
