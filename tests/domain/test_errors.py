import re

from domain import errors
from domain.errors import Refusal


def every(kind: type[Refusal]) -> list[type[Refusal]]:
    return [found for child in kind.__subclasses__() for found in (child, *every(child))]


REFUSALS = [kind for kind in every(Refusal) if kind.__module__ == errors.__name__]


def test_the_tree_at_the_top_of_the_module_is_the_tree():
    drawn = re.findall(r"[├└]── (\w+) +([A-Z_]+)$", errors.__doc__ or "", re.MULTILINE)

    assert drawn == [(kind.__name__, kind.code) for kind in REFUSALS]


def test_no_two_refusals_share_a_code():
    codes = [Refusal.code, *(kind.code for kind in REFUSALS)]

    assert sorted(set(codes)) == sorted(codes)


def test_codes_are_written_in_capitals():
    assert [kind for kind in REFUSALS if not re.fullmatch(r"[A-Z]+(_[A-Z]+)*", kind.code)] == []
