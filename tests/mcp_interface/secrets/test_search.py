"""The search for canaries finds what it should: else that nothing was found would mean nothing."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from tests.support.canaries import FRAGMENT, Canaries, Evidence

SECRET = 'Zq7Lr2Xw9Kt4Mb6V+/"\\&=%Yc3Nd8Hs5Jf1Pg0'
NOISE = bytes(range(256)) * 3

WRITTEN = {
    "as it is": SECRET.encode(),
    "reversed": SECRET[::-1].encode(),
    "hex": SECRET.encode().hex().encode(),
    "HEX": SECRET.encode().hex().upper().encode(),
    "little-endian": SECRET.encode("utf-16-le"),
    "big-endian": SECRET.encode("utf-16-be"),
    "in an address": b"?token=" + quote(SECRET, safe="").encode(),
    "in a form": b"token=" + quote_plus(SECRET).encode(),
    "in JSON": json.dumps({"token": SECRET}).encode(),
    "in JSON in a log": json.dumps({"event": json.dumps({"token": SECRET})}).encode(),
    "in repr": repr({"token": SECRET}).encode(),
    "in HTML": html.escape(SECRET).encode(),
    "its first letters": SECRET[:FRAGMENT].encode(),
    "its last letters": SECRET[-FRAGMENT:].encode(),
}
for before in ("", "u", "us"):
    for name, coded in (("base64", base64.b64encode), ("url", base64.urlsafe_b64encode)):
        WRITTEN[f"{name} after {before!r}"] = coded(f"{before}{SECRET}:more".encode())


@pytest.fixture
def canaries() -> Canaries:
    made = Canaries()
    made.note("the slot", SECRET, "reply")
    return made


@pytest.mark.parametrize("form", WRITTEN)
def test_a_canary_is_found_in_a_file_wherever_it_begins(canaries, form, tmp_path):
    for offset in range(FRAGMENT):
        file = tmp_path / f"{offset}.db"
        file.write_bytes(NOISE + b"." * offset + WRITTEN[form] + NOISE)

        found = list(canaries.search([Evidence("file", file.name, file.read_bytes())]))

        assert {(each.slot, each.where) for each in found} == {("the slot", file.name)}


def test_a_canary_is_no_finding_where_it_has_to_be_shown(canaries):
    shown = [Evidence("reply", "a tool", SECRET.encode())]

    assert list(canaries.search(shown)) == []


@pytest.mark.parametrize("written", ["4711-0815", "47110815", '"4711-0815"', "code=4711-0815&"])
def test_a_code_is_found_as_a_word(written):
    canaries = Canaries()
    canaries.note("a code", "4711-0815")

    assert [f.slot for f in canaries.search([Evidence("log", "", written.encode())])] == ["a code"]


@pytest.mark.parametrize("other", ["04711-08151", "x4711-0815", "2026.47110815Z"])
def test_digits_that_are_part_of_something_else_are_no_code(other):
    canaries = Canaries()
    canaries.note("a code", "4711-0815")

    assert list(canaries.search([Evidence("log", "", other.encode())])) == []
