"""Lists come in pages: `limit`, an opaque `cursor`, and the total."""

import re
from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from pydantic import Field

from domain.errors import InvalidArgument

T = TypeVar("T")

MAX_LIMIT: Final = 200
_CURSOR: Final = re.compile(r"c[0-9]{1,9}")
LimitArgument = Annotated[int, Field(strict=True, ge=1, le=MAX_LIMIT)]
CursorArgument = Annotated[
    str | None, Field(max_length=20, description="nextCursor of the page before.")
]


def page(rows: Sequence[T], limit: int, cursor: str | None) -> tuple[list[T], str | None]:
    """The rows of one page, and the cursor of the next one if there is one.

    Raises:
        InvalidArgument: the cursor did not come from here.
    """
    start = start_of(cursor)
    end = start + limit
    return list(rows[start:end]), following(end, len(rows))


def start_of(cursor: str | None) -> int:
    """How many rows lie before the page.

    Raises:
        InvalidArgument: the cursor did not come from here.
    """
    if cursor is None:
        return 0
    if not _CURSOR.fullmatch(cursor):
        raise InvalidArgument("cursor must be a nextCursor from here. Next: leave it out.")
    return int(cursor[1:])


def following(end: int, total: int) -> str | None:
    """The cursor of the page behind this one, if there is one."""
    return cursor_of(end) if end < total else None


def cursor_of(rows: int) -> str:
    """Of the page that begins behind so many rows."""
    return f"c{rows}"
