"""Insert or replace, on both databases."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def write_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert, or replace the row with the same primary key."""
    if not rows:
        return
    upsert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = upsert(table)
    keys = [c.name for c in table.primary_key]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=keys,
            set_={c.name: statement.excluded[c.name] for c in table.c if c.name not in keys},
        ),
        [{name: storable(value) for name, value in row.items()} for row in rows],
    )


def storable(value: object) -> object:
    """With U+FFFD for U+0000, which PostgreSQL's text cannot hold: whoever gets one into a fact
    must not keep that fact out of the views."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value
