"""Lists come in pages: `limit`, an opaque `cursor`, and the total."""

from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from pydantic import Field

from domain.errors import InvalidArgument

T = TypeVar("T")

MAX_LIMIT: Final = 200
LimitArgument = Annotated[int, Field(strict=True, ge=1, le=MAX_LIMIT, description="Rows a page.")]
CursorArgument = Annotated[
    str | None, Field(max_length=20, description="nextCursor of the page before.")
]


def page(rows: Sequence[T], limit: int, cursor: str | None) -> tuple[list[T], str | None]:
    """The rows of one page, and the cursor of the next one if there is one.

    Raises:
        InvalidArgument: the cursor did not come from here.
    """
    start = 0
    if cursor is not None:
        if not cursor.startswith("c") or not cursor[1:].isdecimal():
            raise InvalidArgument("cursor must be a nextCursor from here. Next: leave it out.")
        start = int(cursor[1:])
    end = start + limit
    return list(rows[start:end]), f"c{end}" if end < len(rows) else None
