"""What the docs say about the brokers is what the code refuses by."""

from pathlib import Path

from mcp_interface.tools.orders.offers_page import markdown

PAGE = Path(__file__).parents[2] / "docs" / "brokers.md"


def test_the_page_about_brokers_is_what_the_table_says():
    assert PAGE.read_text(encoding="utf-8") == markdown(), "out of date. Next: make docs"
