from uuid import UUID

from domain.streams import order_key_stream, session_stream

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
RAVI = UUID("4a100000-0000-4000-8000-000000000002")


def test_a_sessions_id_is_the_same_in_every_release():
    assert session_stream(ASHA, "default", 1) == UUID("578323ae-1ad6-560b-b2ad-316774fc8eaa")


def test_an_order_keys_id_is_the_same_in_every_release():
    assert order_key_stream(ASHA, "k1") == UUID("57ecbcea-84c8-560f-83b4-f66d1ffed2bf")


def test_sessions_of_another_person_label_or_generation_have_other_ids():
    ids = {
        session_stream(ASHA, "default", 1),
        session_stream(RAVI, "default", 1),
        session_stream(ASHA, "work", 1),
        session_stream(ASHA, "default", 2),
    }

    assert len(ids) == 4


def test_a_label_cannot_be_made_to_look_like_another_generation():
    assert session_stream(ASHA, "1/default", 1) != session_stream(ASHA, "default", 11)
    assert session_stream(ASHA, "2/x", 1) != session_stream(ASHA, "x", 12)
    assert session_stream(ASHA, "1/x", 1) != session_stream(ASHA, "x", 1)


def test_two_people_may_use_the_same_order_key():
    assert order_key_stream(ASHA, "k1") != order_key_stream(RAVI, "k1")


def test_a_key_and_a_session_never_share_a_stream():
    assert order_key_stream(ASHA, "1/default") != session_stream(ASHA, "default", 1)
