"""Every page there is, one line each. To add one: a module with a blueprint, and a line here."""

from crm.web import door, health
from crm.web.hooks import image_service, inbound, sendgrid
from crm.web.public import about, objection, start, unsubscribe
from crm.web.staff import leads
from crm.web.staff.day import around, mailbox, today, uncertain
from crm.web.staff.house import limits, pausing, settings, team
from crm.web.staff.importing import import_rows, imports
from crm.web.staff.people import (
    mending,
    prospect,
    prospect_acts,
    prospects,
    records,
    second_addresses,
    writing,
)
from crm.web.staff.series import (
    approving,
    enrolling,
    rehearsing,
    rewording,
    sequence_editor,
    sequence_publish,
    sequence_shelf,
    sequences,
    trying,
)

BLUEPRINTS = (
    door.bp,
    health.bp,
    today.bp,
    around.bp,
    prospects.bp,
    prospect.bp,
    prospect_acts.bp,
    records.bp,
    second_addresses.bp,
    mending.bp,
    enrolling.bp,
    approving.bp,
    rewording.bp,
    trying.bp,
    pausing.bp,
    writing.bp,
    import_rows.bp,
    imports.bp,
    sequences.bp,
    rehearsing.bp,
    sequence_editor.bp,
    sequence_publish.bp,
    sequence_shelf.bp,
    leads.bp,
    mailbox.bp,
    uncertain.bp,
    team.bp,
    settings.bp,
    limits.bp,
    unsubscribe.bp,
    objection.bp,
    about.bp,
    start.bp,
    image_service.bp,
    inbound.bp,
    sendgrid.bp,
)
