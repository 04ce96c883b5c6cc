"""What every event store promises, whichever database is behind it, and the fake in other tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial

import pytest

from application.ports.event_store import Append, Conflict, EventStore, Guard, Opened
from domain.errors import SessionLimitReached
from tests.fakes.event_store import MemoryEventStore
from tests.infrastructure.store.rows import (
    ASHA,
    CREATED,
    ENDED,
    HOME,
    KEY,
    RAVI,
    SELECTED,
    WORK,
    ending,
    numbered,
    opening,
    row,
)
from tests.support.databases import Database


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def open_store(request, tmp_path) -> Iterator[Callable[..., EventStore]]:
    """Opens any number of stores over the same events."""
    if request.param == "memory":
        yield partial(_in_memory, MemoryEventStore())
        return
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    database = Database(tmp_path, url)
    database.migrate()
    with ExitStack() as stack:
        yield lambda **limit: stack.enter_context(closing(database.open_store(**limit)))


def _in_memory(store: MemoryEventStore, max_sessions: int = 1000) -> MemoryEventStore:
    store.max_sessions = max_sessions
    return store


@pytest.fixture
def store(open_store) -> EventStore:
    """With room for 1000 sessions."""
    opened: EventStore = open_store()
    return opened


def test_an_empty_log_has_no_streams_no_names_and_head_zero(store):
    assert store.head() == 0
    assert store.read(WORK) == []
    assert store.log(0, 10) == []
    assert store.names() == frozenset()
    assert store.position_of(WORK, 1) is None
    assert store.latest_generation(ASHA, "default") == 0
    assert store.sessions_of(ASHA) == []
    assert store.active_sessions() == 0


def test_a_stream_is_read_back_byte_for_byte_and_in_order(store):
    store.append(Append([row(WORK, 1, CREATED, b'{"\xe2\x82\xb9": 1}')]))
    store.append(Append([row(HOME, 1, CREATED, b"other")]))
    store.append(Append([row(WORK, 2, SELECTED, b"\x00\xff"), row(WORK, 3, ENDED, b"")]))

    assert store.read(WORK) == [
        row(WORK, 1, CREATED, b'{"\xe2\x82\xb9": 1}'),
        row(WORK, 2, SELECTED, b"\x00\xff"),
        row(WORK, 3, ENDED, b""),
    ]


def test_events_of_many_streams_go_in_together_in_the_order_given(store):
    position = store.append(Append([row(WORK, 1), row(KEY, 1), row(WORK, 2), row(HOME, 1)]))

    log = store.log(0, 10)
    assert [(r.stream_id, r.version) for r in log] == [(WORK, 1), (KEY, 1), (WORK, 2), (HOME, 1)]
    assert log[-1].position == position == store.head()


def test_a_version_that_is_taken_is_a_conflict_and_nothing_of_the_append_is_stored(store):
    store.append(Append([row(WORK, 1, CREATED, b"first")]))

    with pytest.raises(Conflict):
        store.append(Append([row(KEY, 1), row(WORK, 1, CREATED, b"second"), row(HOME, 1)]))

    assert store.read(WORK) == [row(WORK, 1, CREATED, b"first")]
    assert store.read(KEY) == store.read(HOME) == []
    assert len(store.log(0, 10)) == 1


def test_guards_that_hold_let_an_append_in(store):
    store.append(Append([row(WORK, 1), row(WORK, 2)]))

    store.append(Append([row(KEY, 1)], guards=[Guard(WORK, 2), Guard(HOME, 0)]))

    assert store.read(KEY) == [row(KEY, 1)]


@pytest.mark.parametrize("seen", [0, 1, 3])
def test_a_guarded_stream_at_another_version_is_a_conflict(store, seen):
    store.append(Append([row(WORK, 1), row(WORK, 2)]))

    with pytest.raises(Conflict):
        store.append(Append([row(KEY, 1)], guards=[Guard(HOME, 0), Guard(WORK, seen)]))

    assert store.read(KEY) == []


def test_a_guard_against_a_stream_that_must_not_exist_is_a_conflict_once_it_does(store):
    store.append(Append([row(KEY, 1)]))

    with pytest.raises(Conflict):
        store.append(Append([row(WORK, 1)], guards=[Guard(KEY, 0)]))


def test_opening_and_ending_sessions_moves_the_counter(store):
    store.append(opening(WORK))
    store.append(opening(HOME, label="home"))
    assert store.active_sessions() == 2

    store.append(ending(WORK, 2))

    assert store.active_sessions() == 1


def test_a_successor_takes_its_predecessors_place_in_one_append(store):
    store.append(opening(WORK))
    successor = opening(HOME, generation=2)

    store.append(successor._replace(rows=[*successor.rows, row(WORK, 2, ENDED)], closed=1))

    assert store.active_sessions() == 1
    assert store.latest_generation(ASHA, "default") == 2


def test_a_session_more_than_allowed_is_refused_and_nothing_is_stored(open_store):
    store = open_store(max_sessions=2)
    store.append(opening(numbered("s", 1), label="1"))
    store.append(opening(numbered("s", 2), label="2"))

    with pytest.raises(SessionLimitReached, match="All 2 sessions"):
        store.append(opening(numbered("s", 3), label="3"))

    assert store.active_sessions() == 2
    assert store.read(numbered("s", 3)) == []
    assert store.latest_generation(ASHA, "3") == 0


def test_a_place_that_was_given_back_can_be_taken(open_store):
    store = open_store(max_sessions=1)
    store.append(opening(WORK))
    store.append(ending(WORK, 2))

    store.append(opening(HOME, generation=2))

    assert store.active_sessions() == 1


def test_a_full_server_still_swaps_an_ended_session_for_its_successor(open_store):
    store = open_store(max_sessions=1)
    store.append(opening(WORK))
    successor = opening(HOME, generation=2)

    store.append(successor._replace(rows=[*successor.rows, row(WORK, 2, ENDED)], closed=1))

    assert store.active_sessions() == 1


def test_a_full_server_still_stores_what_happens_in_its_sessions(open_store):
    store = open_store(max_sessions=1)
    store.append(opening(WORK))

    store.append(Append([row(WORK, 2)]))

    assert len(store.read(WORK)) == 2


def test_a_lowered_limit_keeps_what_is_open_and_lets_sessions_end(open_store):
    roomy = open_store(max_sessions=3)
    for number in (1, 2, 3):
        roomy.append(opening(numbered("s", number), label=str(number)))

    tight = open_store(max_sessions=1)
    tight.append(ending(numbered("s", 1), 2))
    with pytest.raises(SessionLimitReached):
        tight.append(opening(numbered("s", 4), label="4"))

    assert tight.active_sessions() == 2


def test_a_session_that_somebody_else_opened_conflicts_even_when_no_place_is_left(open_store):
    """Otherwise whoever comes second is turned away from a session that is open."""
    store = open_store(max_sessions=1)
    store.append(opening(WORK))

    with pytest.raises(Conflict):
        store.append(opening(WORK))

    assert store.active_sessions() == 1


def test_a_conflict_leaves_counter_and_directory_alone(store):
    store.append(Append([row(WORK, 1)]))

    with pytest.raises(Conflict):
        store.append(opening(WORK))

    assert store.active_sessions() == 0
    assert store.latest_generation(ASHA, "default") == 0


def test_one_generation_of_a_label_names_one_session(store):
    store.append(opening(WORK))

    with pytest.raises(Conflict):
        store.append(opening(HOME))

    assert store.active_sessions() == 1
    assert store.read(HOME) == []


def test_the_directory_knows_each_persons_sessions_oldest_first(store):
    store.append(opening(WORK, label="work"))
    store.append(opening(KEY, principal=RAVI, label="work"))
    store.append(opening(HOME, label="home"))

    assert store.sessions_of(ASHA) == [
        Opened(ASHA, "work", 1, WORK),
        Opened(ASHA, "home", 1, HOME),
    ]
    assert store.sessions_of(RAVI) == [Opened(RAVI, "work", 1, KEY)]


def test_the_latest_generation_is_of_one_person_and_one_label(store):
    store.append(opening(WORK, label="work"))
    store.append(ending(WORK, 2))
    store.append(opening(HOME, label="work", generation=2))
    store.append(opening(KEY, principal=RAVI, label="work"))

    assert store.latest_generation(ASHA, "work") == 2
    assert store.latest_generation(RAVI, "work") == 1
    assert store.latest_generation(ASHA, "Work") == 0


def test_names_are_all_that_occur_each_once(store):
    store.append(Append([row(WORK, 1, CREATED), row(WORK, 2, SELECTED), row(WORK, 3, SELECTED)]))
    store.append(Append([row(HOME, 1, CREATED), row(HOME, 2, ENDED)]))

    assert store.names() == {CREATED, SELECTED, ENDED}


def test_a_position_is_found_again_by_stream_and_version(store):
    store.append(Append([row(WORK, 1)]))
    second = store.append(Append([row(HOME, 1), row(WORK, 2)]))

    assert store.position_of(WORK, 2) == second
    assert store.position_of(WORK, 3) is None


def test_the_log_is_read_page_by_page_without_gap_or_repetition(store):
    for version in range(1, 8):
        store.append(Append([row(WORK, version, state=b"%d" % version)]))

    pages = []
    after = 0
    while page := store.log(after, 3):
        pages.append([r.state for r in page])
        after = page[-1].position

    assert pages == [[b"1", b"2", b"3"], [b"4", b"5", b"6"], [b"7"]]
    assert after == store.head()


def test_a_refused_append_leaves_nothing_that_a_reader_of_the_log_could_wait_for(store):
    store.append(Append([row(WORK, 1)]))
    with pytest.raises(Conflict):
        store.append(Append([row(HOME, 1), row(WORK, 1)]))
    last = store.append(Append([row(WORK, 2)]))

    assert [(r.stream_id, r.version) for r in store.log(0, 10)] == [(WORK, 1), (WORK, 2)]
    assert store.head() == last


def test_what_one_store_object_appended_another_one_reads(open_store):
    position = open_store().append(opening(WORK))

    another = open_store()

    assert another.head() == position
    assert another.read(WORK) == [row(WORK, 1, CREATED)]
    assert another.active_sessions() == 1
