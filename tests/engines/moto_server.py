"""moto's server, with a promise of SQS that moto does not keep: `python -m tests.engines.moto_server PORT`.

AWS gives no message of a group while another of that group is with somebody. moto looks at which groups those are when
a request begins, and not again while that request waits, nor while others are answered; and of a group whose messages
come back it skips the first. Here a request looks and takes in one step, at one moment, and looks anew each time.
"""

import sys
import threading
import time
from typing import Any

from moto.core.utils import unix_time_millis
from moto.server import main
from moto.sqs.models import Message, SQSBackend

_one_at_a_time = threading.Lock()
_moment = threading.local()
_receive = SQSBackend.receive_message


def visible(message: Message) -> bool:
    """Whether nobody has `message`, at the moment at which this request looks."""
    now: float = getattr(_moment, "now", None) or unix_time_millis()
    return now > message.visible_at


def receive_message(backend: SQSBackend, queue_name: str, *, wait_seconds_timeout: int, **given: Any) -> list[Message]:
    """Messages of groups of which nobody has any, as soon as there are some."""
    ends = time.monotonic() + wait_seconds_timeout
    while True:
        with _one_at_a_time:
            _moment.now = unix_time_millis()
            queue = backend.get_queue(queue_name)
            queue.pending_messages.difference_update([m for m in queue.pending_messages if m.visible])
            messages = _receive(backend, queue_name, wait_seconds_timeout=0, **given)
            _moment.now = None
        if messages or time.monotonic() > ends:
            return messages
        time.sleep(0.02)


def keep_the_promise() -> None:
    """Put ours in place of moto's."""
    SQSBackend.receive_message = (  # type: ignore[method-assign]
        lambda self, queue_name, count, wait_seconds_timeout, visibility_timeout, message_attribute_names=None: (
            receive_message(
                self,
                queue_name,
                count=count,
                wait_seconds_timeout=wait_seconds_timeout,
                visibility_timeout=visibility_timeout,
                message_attribute_names=message_attribute_names,
            )
        )
    )
    Message.visible = property(visible)  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    keep_the_promise()
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
