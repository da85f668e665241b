"""Arguments that several tools share, so that they read and behave the same everywhere."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from domain.answers import Detail as DetailLevel


def _as_list(value: Any) -> Any:  # noqa: ANN401 - whatever a client sends
    """Models like to send one string, or several in one, where a list is asked for."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


LONGEST_DAYS = 3650

Texts = Annotated[list[Annotated[str, Field(max_length=300)]], BeforeValidator(_as_list), Field(max_length=20)]
Person = Annotated[str, Field(min_length=1, max_length=200, description="id, name, handle or mail")]
Project = Annotated[str, Field(min_length=1, max_length=200, description="id, name, repository or tracker key")]
Team = Annotated[str, Field(min_length=1, max_length=200, description="id or name")]
Issue = Annotated[str, Field(max_length=50, description="key, such as PAY-12")]
Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS, description="days back from now")]
Limit = Annotated[int, Field(ge=1, le=50)]
Cursor = Annotated[str | None, Field(max_length=200, description="next_cursor of the page before")]
Detail = DetailLevel
