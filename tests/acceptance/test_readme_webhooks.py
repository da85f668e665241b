"""What the README says about trying webhooks can be typed as it stands there."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.acceptance.program import ROOT, environment, serving


def blocks() -> list[str]:
    """The commands between the marks: how a server is started, and what to send."""
    part = re.search(r"<!-- tried: webhooks -->(.*?)<!-- end -->", (ROOT / "README.md").read_text(), re.DOTALL)
    assert part
    return re.findall(r"```\n(.*?)```", part[1], re.DOTALL)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not there")
async def test_a_delivery_made_with_curl_and_openssl_is_taken(home: Path) -> None:
    """Signed in the shell, as anybody would who looks for what is wrong."""
    starting, sending = blocks()
    setting = re.search(r"export (\w+)=(\S+)", starting)
    assert setting
    async with serving(home, **{setting[1]: setting[2]}) as url:
        command = sending.replace("http://127.0.0.1:8321", url)
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment(home)
        )
        told, problem = await process.communicate()
    assert problem == b""
    assert b'"error"' not in told
    assert b'"events":1' in told or b'"accepted"' in told
