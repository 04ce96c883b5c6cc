from pathlib import Path

import pytest

from tests.mcp_interface.command_line import CommandLine


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    made = CommandLine(tmp_path)
    made.json("users", "add", "asha")
    return made


def test_a_way_is_set_shown_and_cleared(cli):
    made = cli.json("egress", "set", "asha", "kite", "source:127.0.0.77")

    assert made == {
        "user": "asha",
        "broker": "kite",
        "egress": "source:127.0.0.77",
        "usableHere": True,
    }
    assert cli("egress", "show").rows == [
        {"user": "asha", "broker": "kite", "egress": "source:127.0.0.77"}
    ]
    assert cli.json("egress", "clear", "asha", "kite")["cleared"] is True
    assert cli.json("egress", "clear", "asha", "kite", code=1)["cleared"] is False
    assert cli.json("egress", "show") == {"egresses": []}


def test_an_address_that_this_machine_does_not_have_is_kept_with_a_warning(cli):
    said = cli("egress", "set", "asha", "kite", "source:192.0.2.1")

    assert said.code == 0
    assert "EGRESS_UNAVAILABLE" in said.err


def test_a_proxys_password_is_never_shown_again_and_stored_nowhere_in_clear(cli):
    way = "proxy:http://asha:pr0xy-s3cret@127.0.0.1:3128"
    said = [cli("egress", "set", "asha", "dhan", way), cli("egress", "show")]
    said += [cli("egress", "set", "asha", "dhan", way + "/path")]

    assert [each.code for each in said] == [0, 0, 2]
    assert all("pr0xy-s3cret" not in each.out + each.err for each in said)
    assert "proxy:http://***@127.0.0.1:3128" in said[1].out
    kept = [path for path in cli.home.rglob("*") if path.is_file()]
    assert kept
    assert all(b"pr0xy-s3cret" not in path.read_bytes() for path in kept)


@pytest.mark.parametrize(
    "words",
    [("nobody", "kite", "direct"), ("asha", "kite", "home"), ("asha", "paper", "direct")],
    ids=["no such person", "no such way", "no such broker"],
)
def test_wrong_usage_is_refused(cli, words):
    assert cli("egress", "set", *words).code == 2
