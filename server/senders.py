"""What senders of webhooks were given, as `adapters.sources.webhooks.judge` asks for it."""

from collections.abc import Mapping

from adapters.sources.webhooks import RULES
from server.settings import Settings


def secrets_of(settings: Settings) -> Mapping[str, str | None]:
    """The secret of every sender by the name of its setting; None where none is configured."""
    return {sender.setting: getattr(settings, sender.setting) for sender in RULES.values()}
