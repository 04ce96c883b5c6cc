"""What import-linter cannot say: lists of what each package may import, calls that no pure package
makes, and how long a file may be. The rules are tried on small pieces of bad code first."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = ("domain", "application", "projections", "infrastructure", "mcp_interface")
MAX_LINES = 320
STDLIB = frozenset(sys.stdlib_module_names)
SDKS = frozenset({"kiteconnect", "growwapi", "dhanhq"})
THE_SDKS_PLACE = ROOT / "infrastructure" / "brokers"

MAY_IMPORT = {
    "domain": {"msgspec", "domain"},
    "application": {"msgspec", "domain", "application"},
    "projections": {"msgspec", "domain", "sqlalchemy", "projections"},
}
"""Beside the standard library."""

PURE = ("domain", "application")
PURE_STDLIB = frozenset(
    {
        "array",
        "bisect",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "functools",
        "hashlib",
        "itertools",
        "math",
        "re",
        "typing",
        "uuid",
    }
)
"""Modules that compute and nothing else, but for the functions below."""
IMPURE_NAMES = frozenset({"now", "utcnow", "today", "getnode", "uuid1", "uuid4", "environ"})
IMPURE_BUILTINS = frozenset({"open", "print", "input", "exec", "eval", "__import__"})
OUR_PORTS = frozenset({"clock"})
"""`self.clock.now()` is how time is meant to come in."""


def files(*packages: str) -> list[Path]:
    return sorted(file for package in packages for file in (ROOT / package).rglob("*.py"))


def named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The dotted names of modules that a file imports, inside functions too, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, node.lineno) for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module, node.lineno
            case ast.ImportFrom():
                yield "(relative)", node.lineno


def strangers(tree: ast.AST, package: str) -> list[str]:
    """Imports that this package may not have."""
    return [
        f"line {line}: imports {module}"
        for module, line in imported(tree)
        if module.partition(".")[0] not in STDLIB | MAY_IMPORT[package]
    ]


def impurities(tree: ast.AST) -> list[str]:
    """Uses of time, chance and the outside world."""
    found = [
        (line, f"imports {module}")
        for module, line in imported(tree)
        if module.partition(".")[0] in STDLIB - PURE_STDLIB
    ]
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=names):
                found += [
                    (node.lineno, f"imports {alias.name}")
                    for alias in names
                    if alias.name in IMPURE_NAMES
                ]
            case ast.Attribute(value=owner, attr=attr) if attr in IMPURE_NAMES:
                if _last_name(owner).lstrip("_") not in OUR_PORTS:
                    found.append((node.lineno, f"uses {_last_name(owner)}.{attr}"))
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_BUILTINS:
                found.append((node.lineno, f"calls {name}"))
    return [f"line {line}: {what}" for line, what in sorted(found)]


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return "..."


def complaints(check, *packages: str) -> list[str]:
    return [
        f"{named(file)}, {complaint}"
        for file in files(*packages)
        for complaint in check(ast.parse(file.read_text(encoding="utf-8")), file)
    ]


# The rules find what they look for


@pytest.mark.parametrize("package", MAY_IMPORT)
@pytest.mark.parametrize(
    "code",
    [
        "import requests",
        "import mcp.server",
        "import json, requests",
        "from infrastructure.clock import SystemClock",
        "from mcp_interface import server",
        "from tests.fakes.clock import ManualClock",
        "from . import neighbour",
        "def late():\n    import kiteconnect",
        "if TYPE_CHECKING:\n    from pydantic import BaseModel",
    ],
)
def test_a_foreign_import_is_found(package, code):
    assert len(strangers(ast.parse(code), package)) == 1


def test_a_layer_does_not_look_upwards():
    assert strangers(ast.parse("import application.writer"), "domain") != []
    assert strangers(ast.parse("import application.writer"), "projections") != []
    assert strangers(ast.parse("import sqlalchemy"), "application") != []


@pytest.mark.parametrize(
    "code",
    [
        "import time",
        "from time import monotonic",
        "import os.path",
        "from os import environ as e",
        "import socket",
        "import threading",
        "from urllib.request import urlopen",
        "from datetime import datetime\nt = datetime.now(UTC)",
        "import datetime as d\nt = d.datetime.utcnow()",
        "from datetime import date\nt = date.today()",
        "f = datetime.now",
        "from uuid import uuid4",
        "import uuid\ni = uuid.uuid4()",
        "x = builtins.os.environ['A']",
        "text = open('a').read()",
        "import pathlib\ntext = pathlib.Path('a').read_text()",
        "print('hello')",
        "m = __import__('os')",
    ],
)
def test_a_look_at_the_outside_world_is_found(code):
    assert impurities(ast.parse(code)) != []


@pytest.mark.parametrize(
    "code",
    [
        "from datetime import datetime, timedelta\nfrom uuid import UUID, uuid5",
        "now = self.clock.now()\nself._clock.sleep(1)",
        "def decide(now: datetime): return now + timedelta(days=1)",
        "key = ids.new()",
    ],
)
def test_time_and_identifiers_as_arguments_are_fine(code):
    assert impurities(ast.parse(code)) == []


# The rules hold


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_it_may(package):
    assert files(package) != []
    assert complaints(lambda tree, _: strangers(tree, package), package) == []


def test_domain_and_application_take_time_chance_and_the_world_as_arguments():
    assert complaints(lambda tree, _: impurities(tree), *PURE) == []


def test_the_product_does_not_know_its_tests():
    def of_tests(tree, _):
        return [f"line {n}" for module, n in imported(tree) if module.split(".")[0] == "tests"]

    assert complaints(of_tests, *PRODUCT) == []


def test_only_broker_adapters_import_a_brokers_sdk():
    def sdks(tree, file):
        inside = file.is_relative_to(THE_SDKS_PLACE)
        return [
            f"line {line}: {module}"
            for module, line in imported(tree)
            if module.split(".")[0] in SDKS and not inside
        ]

    assert complaints(sdks, *PRODUCT) == []


def test_the_sdk_of_kite_is_imported_where_it_should_be():
    importers = {
        named(file)
        for file in files("infrastructure")
        for module, _ in imported(ast.parse(file.read_text(encoding="utf-8")))
        if module.split(".")[0] == "kiteconnect"
    }

    assert importers == {"infrastructure/brokers/kite/sdk.py"}


def test_no_file_of_the_product_is_too_long_to_read():
    lengths = {
        named(file): len(file.read_text(encoding="utf-8").splitlines()) for file in files(*PRODUCT)
    }

    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_every_module_says_in_its_first_lines_why_it_exists():
    def silent(tree, _):
        return ["no docstring"] if tree.body and not ast.get_docstring(tree) else []

    assert complaints(silent, *PRODUCT) == []


PORTS = [f.name for f in files("application/ports") if "(Protocol):" in f.read_text()]


@pytest.mark.parametrize("port", PORTS)
def test_a_port_and_its_fake_bear_one_file_name(port):
    assert (ROOT / "tests" / "fakes" / port).exists()


def test_there_are_exactly_five_packages():
    found = {file.parent.name for file in ROOT.glob("*/__init__.py")}

    assert found == {*PRODUCT, "tests"}
