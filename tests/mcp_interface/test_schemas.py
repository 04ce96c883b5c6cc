from mcp_interface.tools.schemas import of_answer, of_arguments


def test_titles_go_and_a_field_of_that_name_stays():
    schema = {
        "title": "Book",
        "type": "object",
        "properties": {"title": {"title": "Title", "type": "string", "maxLength": 5}},
        "required": ["title"],
    }

    assert of_arguments(schema) == {
        "type": "object",
        "properties": {"title": {"type": "string", "maxLength": 5}},
        "required": ["title"],
    }


def test_an_argument_that_may_be_left_out_is_left_out_rather_than_null():
    text = {"anyOf": [{"type": "string", "maxLength": 20}, {"type": "null"}], "default": None}
    words = {"anyOf": [{"type": "string", "enum": ["NSE"]}, {"type": "null"}], "default": None}
    number = {"type": ["number", "string", "null"], "exclusiveMinimum": 0, "default": None}
    limit = {"type": "integer", "default": 20}
    schema = {
        "type": "object",
        "properties": {
            "broker": {**text, "description": "A broker."},
            "exchange": words,
            "price": number,
            "limit": limit,
        },
    }

    assert of_arguments(schema)["properties"] == {
        "broker": {"type": "string", "maxLength": 20, "description": "A broker."},
        "exchange": {"type": "string", "enum": ["NSE"]},
        "price": {"type": ["number", "string"], "exclusiveMinimum": 0},
        "limit": limit,
    }


def test_an_argument_that_has_to_be_given_may_be_null_if_it_says_so():
    schema = {
        "type": "object",
        "properties": {"stop": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "required": ["stop"],
    }

    assert of_arguments(schema)["properties"] == {"stop": {"type": ["string", "null"]}}


def test_the_arguments_of_a_nested_object_are_told_like_any_others():
    named = {
        "type": "object",
        "properties": {"exchange": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    }
    schema = {
        "type": "object",
        "$defs": {"Named": named},
        "properties": {
            "symbols": {
                "type": "array",
                "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Named"}]},
            }
        },
        "required": ["symbols"],
    }

    assert of_arguments(schema)["properties"]["symbols"]["items"] == {
        "anyOf": [
            {"type": "string"},
            {"type": "object", "properties": {"exchange": {"type": "string"}}},
        ]
    }


def test_a_plain_value_of_an_answer_says_no_type_and_all_are_always_there():
    schema = {
        "type": "object",
        "properties": {
            "price": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "side": {"anyOf": [{"enum": ["BUY"], "type": "string"}, {"type": "null"}]},
            "required": {"type": "boolean"},
            "default": {"type": "integer", "default": 1},
        },
        "required": ["side", "required"],
    }

    assert of_answer(schema) == {
        "type": "object",
        "properties": {
            "price": {},
            "side": {"anyOf": [{"enum": ["BUY"], "type": "string"}, {"type": "null"}]},
            "required": {},
            "default": {},
        },
    }


def test_what_is_referred_to_once_stands_there_and_what_is_shared_stays_apart():
    level = {"type": "object", "properties": {"price": {"enum": ["1.00"]}}}
    quote = {
        "type": "object",
        "description": "One quote.",
        "properties": {"bid": {"$ref": "#/$defs/Level"}, "ask": {"$ref": "#/$defs/Level"}},
    }
    schema = {
        "type": "object",
        "$defs": {"Level": level, "Quote": quote},
        "properties": {"quote": {"$ref": "#/$defs/Quote", "description": "The newest."}},
    }

    assert of_answer(schema) == {
        "type": "object",
        "$defs": {"Level": level},
        "properties": {"quote": {**quote, "description": "The newest."}},
    }


def test_a_definition_that_refers_to_itself_stays_apart():
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    schema = {
        "type": "object",
        "$defs": {"Node": node},
        "properties": {"first": {"$ref": "#/$defs/Node"}},
    }

    assert of_answer(schema) == schema
