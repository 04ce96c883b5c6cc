"""What the docs say about the risk limits is what orders are judged by."""

from pathlib import Path

from mcp_interface.tools.orders.risk_page import markdown

PAGE = Path(__file__).parents[2] / "docs" / "risk.md"


def test_the_page_about_risk_is_what_the_tables_say():
    assert PAGE.read_text(encoding="utf-8") == markdown(), "out of date. Next: make docs"
