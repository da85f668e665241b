"""A project and a person as resources: the same answers as the tools give, to be attached to a conversation."""

import json

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from domain.answers import Answer
from domain.errors import EngintelError, InvalidInput
from server.mcp.holder import EngineHolder
from server.mcp.render import structured
from tools.get_developer import get_developer
from tools.get_project_health import get_project_health


def add_resources(server: MCPServer[object], holder: EngineHolder) -> None:
    """Offer `engintel://person/{id}` and `engintel://project/{id}`."""

    @server.resource(
        "engintel://person/{id}",
        name="person",
        title="A person",
        description="Accounts, teams, projects, skills and recent activity of one person",
        mime_type="application/json",
    )
    async def person(id: str) -> str:  # noqa: A002 - the name in the template
        try:
            return _text(await get_developer((await holder.engine()).context(), id))
        except EngintelError as error:
            raise _resource_error(error) from error

    @server.resource(
        "engintel://project/{id}",
        name="project",
        title="A project",
        description="Delivery metrics, contributors, dependencies and risks of one project",
        mime_type="application/json",
    )
    async def project(id: str) -> str:  # noqa: A002 - the name in the template
        try:
            return _text(await get_project_health((await holder.engine()).context(), id))
        except EngintelError as error:
            raise _resource_error(error) from error


def _text(answer: Answer) -> str:
    return json.dumps(structured(answer), ensure_ascii=False, indent=1)


def _resource_error(error: EngintelError) -> ResourceError:
    return ResourceNotFoundError(str(error)) if isinstance(error, InvalidInput) else ResourceError(str(error))
