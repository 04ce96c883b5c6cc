"""What the caller hears when the database says no."""

from domain.errors import SessionLimitReached, StoreUnavailable


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
