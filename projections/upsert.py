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
        rows,
    )
