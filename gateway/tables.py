"""Every table of the platform, imported so that the metadata is complete."""

from handoff.cases import models as cases
from handoff.channels import models as channels
from handoff.conversations import models as conversations
from handoff.service_clock import models as service_clock
from handoff.staff import models as staff
from knowledge_base import models as knowledge

__all__ = ["cases", "channels", "conversations", "knowledge", "service_clock", "staff"]
