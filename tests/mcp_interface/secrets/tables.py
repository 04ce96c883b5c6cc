"""What a database holds, read past the product, and a user of it who has a password."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.support.databases import Database


def cells(database: Database) -> Iterator[str]:
    """Everything that any table holds."""
    if database.postgres_url:
        yield from _postgres_cells(database.postgres_url)
        return
    for path in sorted(database.directory.rglob("*.db")):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            yield from _sqlite_cells(connection)


def _sqlite_cells(connection: sqlite3.Connection) -> Iterator[str]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in tables:
        for row in connection.execute(f'SELECT * FROM "{name}"'):
            yield from map(_as_text, row)


def _postgres_cells(url: str) -> Iterator[str]:
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT LIKE 'pg_%'"
            " AND schemaname <> 'information_schema'"
        ).fetchall()
        for name in tables:
            for row in connection.execute(
                sql.SQL("SELECT * FROM {}").format(sql.Identifier(*name))
            ):
                yield from map(_as_text, row)
        activity = connection.execute("SELECT query FROM pg_stat_activity").fetchall()
        yield from (str(query) for (query,) in activity)


def _as_text(cell: object) -> str:
    """Bytes are kept one to a letter, so that what is in them can be searched for."""
    if isinstance(cell, bytes | memoryview):
        return bytes(cell).decode("latin-1")
    return str(cell)


@contextmanager
def role_with_a_password(postgres_url: str, password: str) -> Iterator[str]:
    """The same database for a user of its own; gives the address with the password."""
    parts = urlsplit(postgres_url)
    role = parts.path.strip("/") + "_owner"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = sql.Identifier(role)
        make = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password))
        connection.execute(make)
        database = sql.Identifier(parts.path.strip("/"))
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, name))
        connection.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(name))
    where = parts.netloc.rpartition("@")[2]
    try:
        yield parts._replace(netloc=f"{role}:{password}@{where}").geturl()
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            me = sql.SQL("CURRENT_USER")
            connection.execute(sql.SQL("REASSIGN OWNED BY {} TO {}").format(name, me))
            connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
            connection.execute(sql.SQL("DROP ROLE {}").format(name))
