"""The instrument table: load it every morning before 08:45 IST, and look into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from domain.errors import InvalidArgument
from domain.instants import outside
from domain.vocabulary import BrokerName
from mcp_interface.cli.output import FOUND, Json, command, emit, say, show, table

if TYPE_CHECKING:
    from domain.instruments import Instrument
    from infrastructure.instruments.table import InstrumentTable

SOURCES: Final[tuple[BrokerName, ...]] = ("kite", "groww", "dhan")
PAGE: Final = 500

Limit = Annotated[int, typer.Option(min=1, max=PAGE)]
Offset = Annotated[int, typer.Option(min=0, help="How many to leave out before.")]


@command
def load(
    from_: Annotated[
        str, typer.Option("--from", help="Whose files to join, separated by commas.")
    ] = ",".join(SOURCES),
    kite_url: Annotated[str | None, typer.Option(help="TRADING_KITE_URL, or Kite's own.")] = None,
    groww_url: Annotated[
        str | None, typer.Option(help="TRADING_GROWW_URL, or Groww's own.")
    ] = None,
    dhan_url: Annotated[str | None, typer.Option(help="TRADING_DHAN_URL, or Dhan's own.")] = None,
    accept_fewer: Annotated[
        bool, typer.Option("--accept-fewer", help="Also with less than half of the rows before.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch the brokers' master files, join and check them, and make today's table of them."""
    from infrastructure import logs
    from infrastructure.clock import SystemClock
    from infrastructure.instruments.fetching import source
    from infrastructure.instruments.files import DIRECTORY
    from infrastructure.instruments.load import load as load_table
    from infrastructure.settings import load_settings

    settings = load_settings()
    logs.configure("error")
    given = {"kite": kite_url, "groww": groww_url, "dhan": dhan_url}
    sources = [
        source(broker, given[broker] or settings.broker_urls[broker]) for broker in _brokers(from_)
    ]
    directory = settings.data_dir / DIRECTORY
    loaded = load_table(sources, directory, SystemClock().now(), accept_fewer=accept_fewer, say=say)
    told = {
        "tradingDay": loaded.trading_day.isoformat(),
        "instruments": loaded.instruments,
        "quarantined": loaded.quarantined,
        "sources": [asdict(read) for read in loaded.reads],
        "without": list(loaded.without),
        "bytes": loaded.bytes,
    }
    words = (
        f"{loaded.instruments} instruments of {loaded.trading_day}, of which "
        f"{loaded.quarantined} are in quarantine (trading-server instruments quarantine)."
    )
    emit(as_json, told, lambda: show(words))


@command
def status(as_json: Json = False) -> None:
    """Which table answers, and what it was made of."""
    from infrastructure.instruments.files import days

    with _opened() as instruments:
        facts, sources = instruments.facts(), instruments.sources()
        kept = days(instruments.directory)
    told = {
        "tradingDay": facts.trading_day.isoformat() if facts.trading_day else None,
        "loadedAt": outside(facts.loaded_at) if facts.loaded_at else None,
        "builtIn": facts.built_in,
        "instruments": facts.instruments,
        "quarantined": facts.quarantined,
        "sources": [asdict(each) for each in sources],
        "daysKept": len(kept),
        "oldestDay": kept[-1].isoformat() if kept else None,
    }

    def shown() -> None:
        if facts.built_in:
            show(
                f"No table is loaded: {facts.instruments} well-known shares and indices answer. "
                "Next: trading-server instruments load"
            )
            return
        show(
            f"{facts.instruments} instruments of {facts.trading_day}, loaded {told['loadedAt']}; "
            f"{facts.quarantined} in quarantine; {len(kept)} days kept."
        )
        table(
            ("broker", "rows", "bad", "foreign"),
            [(each.broker, each.rows, each.bad, each.foreign) for each in sources],
        )

    emit(as_json, told, shown)


@command
def search(
    query: Annotated[list[str], typer.Argument(help="Words of the symbol or the name.")],
    limit: Limit = 20,
    offset: Offset = 0,
    as_json: Json = False,
) -> None:
    """Find instruments: reliance; nifty 24650 ce; infosys."""
    with _opened() as instruments:
        found = instruments.search(" ".join(query), limit=limit, offset=offset)
    told = {"total": found.total, "instruments": [row(each) for each in found.instruments]}

    def shown() -> None:
        table(
            ("name", "symbol", "description", "lot", "tick", "kite", "groww", "dhan"),
            [
                (
                    each.name,
                    each.trading_symbol,
                    each.description,
                    each.lot_size_shares,
                    each.tick_inr,
                    *("yes" if handle else "-" for handle in (each.kite, each.groww, each.dhan)),
                )
                for each in found.instruments
            ],
        )

    emit(as_json, told, shown)
    say(f"{len(found.instruments)} of {found.total}.")


@command
def show_instrument(
    symbol: Annotated[str, typer.Argument(help="As NSE:INFY, or in any broker's spelling.")],
    on: Annotated[
        str | None, typer.Option(help="From the table of an earlier day, as 2026-11-20.")
    ] = None,
    as_json: Json = False,
) -> None:
    """One instrument, and what each broker calls it."""
    with _opened() as instruments:
        found = instruments.resolve(symbol, on=_day(on))
        doubts = instruments.quarantine(found.name) if on is None else ()
    told = row(found) | {
        "quarantine": [
            {"field": each.field, "broker": each.broker, "value": each.value} for each in doubts
        ]
    }

    def shown() -> None:
        table(("what", "value"), [(key, _cell(value)) for key, value in told.items()])

    emit(as_json, told, shown)


@command
def quarantine(limit: Limit = 200, offset: Offset = 0, as_json: Json = False) -> None:
    """What the brokers' files disagree about; exits with 1 when there is anything."""
    with _opened() as instruments:
        total = instruments.facts().quarantined
        found = instruments.quarantine(limit=limit, offset=offset)
    rows = [
        {
            "name": each.name,
            "tradingSymbol": each.trading_symbol,
            "field": each.field,
            "broker": each.broker,
            "value": each.value,
        }
        for each in found
    ]

    def shown() -> None:
        table(("name", "symbol", "field", "broker", "says"), [list(r.values()) for r in rows])

    told = {"quarantined": total, "rows": rows}
    emit(as_json, told, shown, status="fail" if total else "ok")
    say(f"{total} instruments in quarantine: not tradable where the file stands alone.")
    if total:
        raise typer.Exit(FOUND)


def row(each: "Instrument") -> dict[str, Any]:
    """An instrument as JSON. Any: JSON values."""
    from msgspec.structs import asdict as fields

    return {
        "name": each.name,
        "exchange": each.exchange,
        "kind": each.kind,
        "tradingSymbol": each.trading_symbol,
        "exchangeToken": each.exchange_token,
        "description": each.description,
        "lotSize": each.lot_size_shares,
        "tickSize": str(each.tick_inr),
        "isin": each.isin,
        "underlying": each.underlying,
        "expiry": each.expiry.isoformat() if each.expiry else None,
        "strike": str(each.strike_inr) if each.strike_inr is not None else None,
        "kite": fields(each.kite) if each.kite else None,
        "groww": fields(each.groww) if each.groww else None,
        "dhan": fields(each.dhan) if each.dhan else None,
    }


def _brokers(text: str) -> list[BrokerName]:
    asked = [each.strip() for each in text.split(",") if each.strip()]
    strangers = sorted(set(asked) - set(SOURCES))
    if strangers or not asked:
        raise InvalidArgument(
            f"--from takes {', '.join(SOURCES)}, not {', '.join(map(ascii, strangers)) or 'none'}."
            " Next: correct it."
        )
    return [broker for broker in SOURCES if broker in asked]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidArgument("--on must be a day. Next: write it as 2026-11-20.") from None


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    if isinstance(value, list):
        return [_cell(each) for each in value]
    return value


@contextmanager
def _opened() -> Iterator["InstrumentTable"]:
    """The table, without opening the store: looking into it needs no database."""
    from infrastructure import logs
    from infrastructure.instruments.files import DIRECTORY
    from infrastructure.instruments.table import InstrumentTable
    from infrastructure.settings import load_settings

    logs.configure("error")
    instruments = InstrumentTable(load_settings().data_dir / DIRECTORY)
    try:
        yield instruments
    finally:
        instruments.close()
