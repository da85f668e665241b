"""What a process calls itself where it holds a lease."""

import os
import secrets
import socket


def holder_name() -> str:
    """A name that no other holder has, in this process or another, and that tells a person where it runs."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
