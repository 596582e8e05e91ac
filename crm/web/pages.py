"""Every page there is, one line each. To add one: a module with a blueprint, and a line here."""

from crm.web import door, health
from crm.web.hooks import image_service, inbound
from crm.web.public import about, objection, start, unsubscribe
from crm.web.staff import (
    enrolling,
    imports,
    leads,
    mailbox,
    prospect,
    prospect_acts,
    prospects,
    records,
    sequences,
    settings,
    team,
    today,
    uncertain,
    writing,
)

BLUEPRINTS = (
    door.bp,
    health.bp,
    today.bp,
    prospects.bp,
    prospect.bp,
    prospect_acts.bp,
    records.bp,
    enrolling.bp,
    writing.bp,
    imports.bp,
    sequences.bp,
    leads.bp,
    mailbox.bp,
    uncertain.bp,
    team.bp,
    settings.bp,
    unsubscribe.bp,
    objection.bp,
    about.bp,
    start.bp,
    image_service.bp,
    inbound.bp,
)
