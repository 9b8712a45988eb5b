"""Every table of the platform, imported so that the metadata is complete."""

from gateway.retraining import models as retraining
from handoff.answering import models as answering
from handoff.attachments import models as attachments
from handoff.callbacks import models as callbacks
from handoff.cases import models as cases
from handoff.channels import models as channels
from handoff.citizens import models as citizens
from handoff.conversations import models as conversations
from handoff.forecast import models as forecast
from handoff.level2 import models as level2
from handoff.macros import models as macros
from handoff.notes import models as notes
from handoff.notices import models as notices
from handoff.open_data import models as open_data
from handoff.presence import models as presence
from handoff.publications import models as publications
from handoff.push import models as push
from handoff.queue import models as queue
from handoff.reports import models as reports
from handoff.search import models as search
from handoff.service_clock import models as service_clock
from handoff.service_level import models as service_level
from handoff.settlement import models as settlement
from handoff.shifts import models as shifts
from handoff.staff import models as staff
from handoff.staffing import models as staffing
from knowledge_base import models as knowledge
from knowledge_base.editor import models as editor
from knowledge_base.exchange import models as exchange
from knowledge_base.learning import models as learning
from knowledge_base.plans import models as plans
from knowledge_base.turns import models as turns
from knowledge_base.unification import models as unification
from knowledge_base.wording import models as wording

__all__ = [
    "answering",
    "attachments",
    "callbacks",
    "cases",
    "channels",
    "citizens",
    "conversations",
    "editor",
    "exchange",
    "forecast",
    "knowledge",
    "learning",
    "level2",
    "macros",
    "notes",
    "notices",
    "open_data",
    "plans",
    "presence",
    "publications",
    "push",
    "queue",
    "reports",
    "retraining",
    "search",
    "service_clock",
    "service_level",
    "settlement",
    "shifts",
    "staff",
    "staffing",
    "turns",
    "unification",
    "wording",
]
