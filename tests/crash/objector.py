"""Somebody says no, in a process of their own that may be killed: told ACT."""

import os
import sys

from crm.bootstrap.wiring import build_services, settings_from
from crm.kernel.addresses import EmailAddress
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.workflows.refusals.erase import Shelves, erase
from crm.workflows.refusals.refuse import Desk, Mailbox, refuse
from tests.conftest import NOW

ANNA = EmailAddress.parse("anna@anna-shop.example")


def main() -> None:
    [act] = sys.argv[1:]
    services = build_services(settings_from(os.environ))
    ring = services.settings.keys.addresses
    desk = Desk(services.database, ring, services.journal, services.clocks.real, patience=0)
    mailbox = Mailbox(register.keys_of(ring, ANNA))
    if act == "erase":
        erase(desk, Shelves(services.settings.var, services.sent_mail), mailbox, channel="page", at=NOW)
    else:
        wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
        refuse(desk, mailbox, wish)
    sys.stdout.write("acknowledged\n")
