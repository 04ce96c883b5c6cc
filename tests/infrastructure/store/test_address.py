"""What stands in the database's address holds for the event store, too."""

from contextlib import closing

import psycopg

from infrastructure.migrations.runner import migrate
from infrastructure.store.engines import postgres_engine
from infrastructure.store.postgres import PostgresEventStore


def test_every_part_of_the_address_reaches_the_database(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA apart")
        joint = "&" if "?" in postgres_url else "?"
        url = f"{postgres_url}{joint}application_name=ledger&options=-csearch_path%3Dapart"
        migrate(postgres_engine(url))

        with closing(PostgresEventStore(url, max_sessions=10)) as store:
            assert store.head() == 0
            named = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ledger'"
            ).fetchone()

    assert named is not None
    assert named[0] >= 1
