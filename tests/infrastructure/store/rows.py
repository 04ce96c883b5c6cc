"""Rows and sessions that the tests of the stores append; the bytes mean nothing here."""

from uuid import UUID, uuid5

from application.ports.event_store import Append, Opened, Row

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
RAVI = UUID("4a100000-0000-4000-8000-000000000002")
WORK = UUID("5e550000-0000-4000-8000-000000000001")
HOME = UUID("5e550000-0000-4000-8000-000000000002")
KEY = UUID("0e1d0000-0000-4000-8000-000000000003")

CREATED = "trading_session.session_created.v1"
SELECTED = "trading_session.broker_selected.v1"
ENDED = "trading_session.session_ended.v1"


def row(stream_id: UUID, version: int, name: str = SELECTED, state: bytes = b"{}") -> Row:
    return Row(stream_id, version, name, state)


def opening(
    session_id: UUID, *, principal: UUID = ASHA, label: str = "default", generation: int = 1
) -> Append:
    """The append that opens a session."""
    return Append(
        [row(session_id, 1, CREATED)],
        opened=[Opened(principal, label, generation, session_id)],
    )


def ending(session_id: UUID, version: int) -> Append:
    return Append([row(session_id, version, ENDED)], closed=1)


def numbered(family: str, number: int) -> UUID:
    """One of any number of streams, the same one every time."""
    return uuid5(WORK, f"{family}/{number}")
