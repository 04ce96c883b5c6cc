"""Loading over real HTTP, from files that are whole and from files that are not."""

import gzip
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from domain.errors import InvalidArgument, UnknownInstrument
from domain.vocabulary import BrokerName
from infrastructure.instruments import building
from infrastructure.instruments import load as loading
from infrastructure.instruments.fetching import LoginWanted, NotFetched, Source, fetch, source
from infrastructure.instruments.load import LoadRefused, load
from infrastructure.instruments.table import InstrumentTable
from tests.infrastructure.instruments.support import (
    DHAN,
    EIGHT_O_CLOCK,
    GROWW,
    KITE,
    MONDAY,
    file_of,
)

Answer = Callable[[BaseHTTPRequestHandler], None]


def whole(text: str, status: int = 200) -> Answer:
    def answer(call: BaseHTTPRequestHandler) -> None:
        call.send_response(status)
        call.send_header("Content-Length", str(len(text.encode())))
        call.end_headers()
        call.wfile.write(text.encode())

    return answer


def hung_up(text: str) -> Answer:
    """Promises more than it sends."""

    def answer(call: BaseHTTPRequestHandler) -> None:
        call.send_response(200)
        call.send_header("Content-Length", str(len(text) + 1000))
        call.end_headers()
        call.wfile.write(text.encode())
        call.close_connection = True

    return answer


def packed(text: str) -> Answer:
    def answer(call: BaseHTTPRequestHandler) -> None:
        data = gzip.compress(text.encode())
        call.send_response(200)
        call.send_header("Content-Encoding", "gzip")
        call.send_header("Content-Length", str(len(data)))
        call.end_headers()
        call.wfile.write(data)

    return answer


def moved(call: BaseHTTPRequestHandler) -> None:
    call.send_response(302)
    call.send_header("Location", "https://elsewhere.example/secret-path")
    call.send_header("Content-Length", "0")
    call.end_headers()


class Brokers:
    """A web server with the three files, each of which can be exchanged for something else."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.seen: list[dict[str, str]] = []
        self.answers: dict[str, Answer] = {
            "/instruments": whole(file_of("kite", KITE)),
            "/instruments/instrument.csv": whole(file_of("groww", GROWW)),
            "/api-data/api-scrip-master-detailed.csv": whole(file_of("dhan", DHAN)),
        }

    def kite(self, answer: Answer) -> None:
        self.answers["/instruments"] = answer

    def sources(self, *brokers: BrokerName) -> list[Source]:
        return [source(each, self.address) for each in brokers or ("kite", "groww", "dhan")]


@contextmanager
def serving() -> Iterator[Brokers]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.seen.append({**self.headers, "path": self.path})
            found.answers[self.path](self)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Brokers(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def brokers() -> Iterator[Brokers]:
    with serving() as found:
        yield found


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "instruments"


@pytest.fixture
def table(directory: Path) -> Iterator[InstrumentTable]:
    found = InstrumentTable(directory)
    yield found
    found.close()


def test_the_files_become_the_table_of_the_day(brokers, directory, table):
    loaded = load(brokers.sources(), directory, EIGHT_O_CLOCK)

    assert (loaded.trading_day, loaded.instruments, loaded.without) == (MONDAY, 15, ())
    assert [(each.broker, each.rows, each.bad) for each in loaded.reads] == [
        ("kite", 15, 0),
        ("groww", 6, 0),
        ("dhan", 9, 0),
    ]
    assert table.resolve("NIFTY26NOV24650CE").groww is not None
    assert sorted(os.listdir(directory)) == ["2026-11-23.db", "loading.lock"]


def test_the_day_is_the_indian_one(brokers, directory):
    late_on_sunday = datetime(2026, 11, 22, 18, 45, tzinfo=UTC)

    assert load(brokers.sources(), directory, late_on_sunday).trading_day == MONDAY


def test_progress_is_told(brokers, directory):
    words: list[str] = []
    load(brokers.sources("dhan"), directory, EIGHT_O_CLOCK, say=words.append)

    assert words == ["Fetching the file of dhan.", "dhan: 0.0 MiB.", "Joining them."]


def test_a_file_may_come_packed(brokers, directory, table):
    brokers.kite(packed(file_of("kite", KITE)))
    load(brokers.sources(), directory, EIGHT_O_CLOCK)

    assert brokers.seen[0]["Accept-Encoding"] == "gzip"
    assert table.find("NSE", "INFY") is not None


def test_proxies_and_logins_of_the_environment_stay_out(brokers, directory, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login spy password hushhush\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    load(brokers.sources(), directory, EIGHT_O_CLOCK)

    assert len(brokers.seen) == 3
    assert not any("Authorization" in headers for headers in brokers.seen)


@pytest.mark.parametrize("status", [401, 403])
def test_a_broker_that_wants_a_login_is_left_out_and_named(brokers, directory, table, status):
    brokers.kite(whole('{"status":"error"}', status))
    words: list[str] = []
    loaded = load(brokers.sources(), directory, EIGHT_O_CLOCK, say=words.append)

    assert loaded.without == ("kite",)
    assert any("kite wants a login" in each for each in words)
    assert table.facts().sources == ("dhan", "groww")
    assert table.resolve("INFY").kite is None


BROKEN = {
    "a web page": (whole("<!DOCTYPE html><html><body>Sorry</body></html>"), "a web page"),
    "nothing": (whole(""), "no such file"),
    "only a header": (whole(file_of("kite", [])), "lists nothing"),
    "half a line": (whole(file_of("kite", KITE)[:-30]), "cut off"),
    "an early end": (hung_up(file_of("kite", KITE)), "did not come"),
    "an error": (whole("oops", 502), "HTTP 502"),
    "another place": (moved, "HTTP 302"),
    "mostly bad lines": (
        whole(file_of("kite", [*KITE, *["1,2,X"] * 20, KITE[0]])),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("trouble", BROKEN)
def test_one_bad_file_refuses_the_load_and_the_old_table_stays(brokers, directory, table, trouble):
    load(brokers.sources(), directory, EIGHT_O_CLOCK)
    before = (directory / "2026-11-23.db").read_bytes()
    answer, why = BROKEN[trouble]
    brokers.kite(answer)

    with pytest.raises(LoadRefused, match=re.escape(why)) as refused:
        load(brokers.sources(), directory, EIGHT_O_CLOCK)

    assert "kite" in str(refused.value)
    assert "The table stays as it was. Next: " in str(refused.value)
    assert "elsewhere" not in str(refused.value)
    assert (directory / "2026-11-23.db").read_bytes() == before
    assert sorted(os.listdir(directory)) == ["2026-11-23.db", "loading.lock"]


def test_bytes_that_are_no_text_refuse_the_load(brokers, directory):
    def answer(call: BaseHTTPRequestHandler) -> None:
        data = file_of("kite", KITE).encode() + b"\xff\xfe\xff"
        call.send_response(200)
        call.send_header("Content-Length", str(len(data)))
        call.end_headers()
        call.wfile.write(data)

    brokers.kite(answer)
    with pytest.raises(LoadRefused, match="cannot be read as CSV"):
        load(brokers.sources(), directory, EIGHT_O_CLOCK)


def test_nobody_there_refuses_the_load_and_no_table_is_made(directory, table):
    with serving() as gone:
        sources = gone.sources()
    with pytest.raises(LoadRefused, match="did not come"):
        load(sources, directory, EIGHT_O_CLOCK)

    assert table.facts().built_in


def test_fewer_than_half_of_the_rows_before_are_refused_unless_they_are_accepted(
    brokers, directory, table
):
    load(brokers.sources(), directory, EIGHT_O_CLOCK)
    brokers.kite(whole(file_of("kite", KITE[:7])))

    with pytest.raises(LoadRefused, match="kite has 7 rows, and had 15") as refused:
        load(brokers.sources(), directory, EIGHT_O_CLOCK)
    assert "--accept-fewer" in str(refused.value)
    assert table.facts().instruments == 15

    load(brokers.sources(), directory, EIGHT_O_CLOCK, accept_fewer=True)
    with pytest.raises(UnknownInstrument):
        table.resolve("ITC26NOV412.5CE")


def test_half_of_the_rows_before_is_enough(brokers, directory):
    load(brokers.sources(), directory, EIGHT_O_CLOCK)
    brokers.kite(whole(file_of("kite", KITE[:8])))

    assert load(brokers.sources(), directory, EIGHT_O_CLOCK).reads[0].rows == 8


def test_two_loads_at_once_do_not_meet(brokers, directory):
    directory.mkdir()
    lock = sqlite3.connect(directory / "loading.lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LoadRefused, match="Another load is running"):
        load(brokers.sources(), directory, EIGHT_O_CLOCK)
    assert brokers.seen == []

    lock.close()
    assert load(brokers.sources(), directory, EIGHT_O_CLOCK).instruments == 15


def test_what_a_killed_load_left_behind_is_removed_by_the_next(brokers, directory):
    (directory / "loading").mkdir(parents=True)
    (directory / "loading" / "kite.csv").write_text("half a file")
    load(brokers.sources(), directory, EIGHT_O_CLOCK)

    assert sorted(os.listdir(directory)) == ["2026-11-23.db", "loading.lock"]


def test_a_crash_while_joining_leaves_the_old_table(brokers, directory, table, monkeypatch):
    load(brokers.sources(), directory, EIGHT_O_CLOCK)

    def crash(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(loading, "put_in_place", crash)
    brokers.kite(whole(file_of("kite", KITE[:10])))
    with pytest.raises(OSError, match="No space left"):
        load(brokers.sources(), directory, EIGHT_O_CLOCK)

    assert table.facts().instruments == 15
    assert not (directory / "loading").exists()


def test_a_disk_that_is_full_while_joining_refuses_the_load(brokers, directory, table, monkeypatch):
    load(brokers.sources(), directory, EIGHT_O_CLOCK)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(building, "fill", full)
    with pytest.raises(LoadRefused, match=r"cannot be written \(database or disk is full\)"):
        load(brokers.sources(), directory, EIGHT_O_CLOCK)

    assert table.facts().instruments == 15
    assert not (directory / "loading").exists()


def test_a_file_larger_than_any_can_be_is_not_fetched_to_its_end(brokers, tmp_path):
    with pytest.raises(NotFetched, match="larger than any can be"):
        fetch(brokers.sources("kite")[0], tmp_path / "file", most_bytes=100)


def test_what_unpacks_to_more_than_any_file_can_be_is_not_fetched_either(brokers, tmp_path):
    brokers.kite(packed("x" * 100_000))

    with pytest.raises(NotFetched, match="larger than any can be"):
        fetch(brokers.sources("kite")[0], tmp_path / "file", most_bytes=50_000)


def test_a_file_that_comes_too_slowly_is_given_up(brokers, tmp_path):
    ticks = iter([0.0, 11.0])

    with pytest.raises(NotFetched, match="too slowly"):
        fetch(
            brokers.sources("kite")[0],
            tmp_path / "file",
            most_seconds=10,
            now=lambda: next(ticks),
        )


def test_a_refused_login_is_told_apart(brokers, tmp_path):
    brokers.kite(whole("no", 403))

    with pytest.raises(LoginWanted):
        fetch(brokers.sources("kite")[0], tmp_path / "file")


def test_files_are_looked_for_at_the_brokers_own_paths():
    assert source("kite", None).url == "https://api.kite.trade/instruments"
    assert source("groww", None).url.endswith(".groww.in/instruments/instrument.csv")
    assert source("dhan", "http://127.0.0.1:9100/v2").url == (
        "http://127.0.0.1:9100/api-data/api-scrip-master-detailed.csv"
    )


@pytest.mark.parametrize(
    "address", ["ftp://127.0.0.1", "127.0.0.1:9100", "http://", "http://u:hushhush@127.0.0.1"]
)
def test_an_address_that_cannot_be_used_is_refused_and_not_repeated(address):
    with pytest.raises(InvalidArgument) as refused:
        source("kite", address)

    assert "hushhush" not in str(refused.value)
