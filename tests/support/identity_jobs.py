"""What child processes do to the directory of people."""

from infrastructure.clock import SystemClock
from infrastructure.identity import IdentityDirectory
from tests.support.databases import Database, disposing
from tests.support.processes import Say


def meet_people(say: Say, database: Database, count: int) -> None:
    """Meet so many people; say each principal."""
    with disposing(database.control_engine()) as engine:
        directory = IdentityDirectory(engine, SystemClock())
        for number in range(count):
            say(directory.principal("local", f"person {number}"))
