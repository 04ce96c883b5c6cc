"""The tool that finds instruments, over HTTP, with a table and without."""

import shutil
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.infrastructure.instruments.support import make_table
from tests.mcp_interface.people import Person, connected
from tests.support.servers import Server, Site, site

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("instruments")) as found:
        yield found


@pytest.fixture(scope="module")
def server(place: Site) -> Server:
    return place.server()


@pytest.fixture(autouse=True)
def no_table(place: Site) -> None:
    shutil.rmtree(place.data_dir / "instruments", ignore_errors=True)


@pytest.fixture
async def asha(
    place: Site, server: Server, request: pytest.FixtureRequest
) -> AsyncIterator[Person]:
    token = place.token(request.node.name)
    async with connected(server.url, token) as person:
        yield person


async def test_without_a_table_shares_are_found_and_the_operator_is_told(asha):
    answer = await asha.call("search_instruments", query="infosys")

    assert [row["name"] for row in answer.data["instruments"]] == ["NSE:INFY", "BSE:INFY"]
    assert answer.data["tradingDay"] is None
    assert "trading-server instruments load" in answer.text
    assert answer.first_line.startswith("[NO BROKER · your session ")


async def test_a_table_that_was_loaded_meanwhile_is_searched(asha, place):
    make_table(place.data_dir / "instruments")
    answer = await asha.call("search_instruments", query="nifty 24650 ce", limit=1)

    assert answer.data["instruments"] == [
        {
            "name": "NFO:NIFTY:2026-11-23:24650:CE",
            "tradingSymbol": "NIFTY26NOV24650CE",
            "exchange": "NFO",
            "kind": "CE",
            "description": "NIFTY",
            "lotSize": 65,
            "tickSize": "0.05",
            "isin": None,
            "underlying": "NIFTY",
            "expiry": "2026-11-23",
            "strike": "24650",
            "brokers": ["kite", "groww", "dhan"],
        }
    ]
    assert (answer.data["total"], answer.data["nextCursor"]) == (3, "c1")
    assert answer.data["tradingDay"] == "2026-11-23"
    assert "NIFTY26NOV24650CE), lot 65, at kite, groww, dhan" in answer.text


async def test_pages_follow_each_other_to_the_end(asha, place):
    make_table(place.data_dir / "instruments")
    names: list[str] = []
    cursor = None
    for _ in range(4):
        more: dict[str, object] = {"cursor": cursor} if cursor else {}
        page = await asha.call("search_instruments", query="nifty", limit=2, **more)
        names += [row["name"] for row in page.data["instruments"]]
        cursor = page.data["nextCursor"]

    assert cursor is None
    assert len(set(names)) == len(names) == page.data["total"] == 7


async def test_an_exchange_and_a_kind_narrow_it(asha, place):
    make_table(place.data_dir / "instruments")
    on_bse = await asha.call("search_instruments", query="reliance", exchange="BSE")
    futures = await asha.call("search_instruments", query="nifty", kind="FUT")

    assert [row["name"] for row in on_bse.data["instruments"]] == ["BSE:RELIANCE"]
    assert [row["kind"] for row in futures.data["instruments"]] == ["FUT"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": ""},
        {"query": "x" * 101},
        {"query": "infy", "exchange": "NYSE"},
        {"query": "infy", "kind": "SHARE"},
        {"query": "infy", "limit": 201},
        {"query": "infy", "cursor": "c²"},
        {"query": "infy", "cursor": "c9999999999999999999"},
        {"query": "infy", "cursor": "elsewhere"},
    ],
)
async def test_arguments_out_of_bounds_are_refused_in_words(asha, arguments):
    answer = await asha.try_to("search_instruments", **arguments)

    assert answer.code == "INVALID_ARGUMENT"


async def test_nothing_found_is_an_answer(asha):
    answer = await asha.call("search_instruments", query="nowhere")

    assert (answer.data["instruments"], answer.data["total"]) == ([], 0)
