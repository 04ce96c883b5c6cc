"""What logins cost: little memory each, and no SDK before somebody needs one."""

import subprocess
import sys

import pytest

from tests.benchmarks.client_memory import MOST_BYTES, PEOPLE, bytes_each

# Not all of twisted: structlog takes its log observers wherever it is installed.
HEAVY = ("kiteconnect", "growwapi", "dhanhq", "pandas", "twisted.internet.reactor", "requests")


def test_a_thousand_people_with_two_brokers_each_cost_at_most_20_kilobytes_apiece():
    assert bytes_each(PEOPLE, traced=True) < MOST_BYTES


@pytest.mark.parametrize("module", ["mcp_interface.composition", "mcp_interface.cli"])
def test_the_server_starts_without_any_sdk(module):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, {module}\nprint([name for name in {HEAVY} if name in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"
