"""The roll-call of tables: importing this knows them all (migrations, tests, the inventory)."""

from crm.audit import models as audit
from crm.conversations import models as conversations
from crm.delivery import event_models as delivery_events
from crm.delivery import models as delivery
from crm.domains import models as domains
from crm.handoff import models as handoff
from crm.kernel.db import Base
from crm.operations import models as operations
from crm.operations import pause_ends
from crm.permission import models as permission
from crm.privacy import models as privacy
from crm.prospects import import_models as prospect_imports
from crm.prospects import models as prospects
from crm.prospects import second_addresses
from crm.replies import models as replies
from crm.sequences import edits as sequence_edits
from crm.sequences import models as sequences
from crm.staff import models as staff
from crm.tracking import models as tracking

ROOMS = (
    prospects, prospect_imports, second_addresses, conversations, sequences, sequence_edits, delivery,
    delivery_events, tracking, replies, handoff, permission, privacy, audit, domains, staff, operations,
    pause_ends,
)  # fmt: skip

metadata = Base.metadata
