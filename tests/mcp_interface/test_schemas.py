from mcp_interface.tools.schemas import shortened


def test_titles_go_and_a_field_of_that_name_stays():
    schema = {
        "title": "Book",
        "type": "object",
        "properties": {"title": {"title": "Title", "type": "string", "maxLength": 5}},
        "$defs": {"Row": {"title": "Row", "type": "object", "properties": {}}},
        "required": ["title"],
    }

    assert shortened(schema) == {
        "type": "object",
        "properties": {"title": {"type": "string", "maxLength": 5}},
        "$defs": {"Row": {"type": "object", "properties": {}}},
        "required": ["title"],
    }


def test_a_value_that_may_be_missing_says_so_in_its_type():
    schema = {
        "anyOf": [{"type": "string", "maxLength": 20}, {"type": "null"}],
        "default": None,
        "description": "A broker.",
    }

    assert shortened(schema) == {
        "type": ["string", "null"],
        "maxLength": 20,
        "default": None,
        "description": "A broker.",
    }


def test_choices_of_more_kinds_stay_choices():
    words = {"anyOf": [{"type": "string", "enum": ["NSE"]}, {"type": "null"}]}
    rows = {"anyOf": [{"$ref": "#/$defs/Row"}, {"type": "null"}]}
    either = {
        "items": {"anyOf": [{"title": "Name", "type": "string"}, {"$ref": "#/$defs/Symbol"}]},
        "type": "array",
    }

    assert (shortened(words), shortened(rows)) == (words, rows)
    assert shortened(either) == {
        "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Symbol"}]},
        "type": "array",
    }
