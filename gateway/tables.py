"""Every table of the platform, imported so that the metadata is complete."""

from handoff.answering import models as answering
from handoff.cases import models as cases
from handoff.channels import models as channels
from handoff.citizens import models as citizens
from handoff.conversations import models as conversations
from handoff.notes import models as notes
from handoff.publications import models as publications
from handoff.service_clock import models as service_clock
from handoff.staff import models as staff
from knowledge_base import models as knowledge
from knowledge_base.editor import models as editor

__all__ = [
    "answering",
    "cases",
    "channels",
    "citizens",
    "conversations",
    "editor",
    "knowledge",
    "notes",
    "publications",
    "service_clock",
    "staff",
]
