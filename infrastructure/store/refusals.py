"""What the caller hears when the database says no."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from domain.errors import SessionLimitReached, StoreUnavailable


@contextmanager
def store_errors() -> Iterator[None]:
    """Whatever SQLAlchemy trips over means that the store is away; but a row that is there already
    is for the caller to judge. The cause stays out of the text: it may hold parameters."""
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as e:
        raise store_unavailable(e) from None


def store_unavailable(cause: BaseException) -> StoreUnavailable:
    """The database is away or refuses to work. Its own words stay out: they may name hosts."""
    return StoreUnavailable(
        f"The event store cannot be reached ({type(cause).__name__}). Next: try again in a "
        "moment; nothing acknowledged is lost."
    )


def session_limit(max_sessions: int) -> SessionLimitReached:
    return SessionLimitReached(
        f"All {max_sessions} sessions of this server are in use; none was opened. Next: try again "
        "later, or ask the operator to raise MAX_SESSIONS."
    )
