from datetime import UTC, datetime

import pytest

from infrastructure.totp import NotATotpSecret, code

RFC_6238 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the standard's "12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_of_the_standard(seconds, shown):
    assert code(RFC_6238, datetime.fromtimestamp(seconds, UTC)) == shown


def test_a_secret_may_be_written_as_people_write_it():
    at = datetime.fromtimestamp(59, UTC)

    assert code(" gezd gnbv gy3t qojq gezd gnbv gy3t qojq ", at) == "287082"
    assert code("GEZDGNBVGY3TQOJQGE======", at) == code("GEZDGNBVGY3TQOJQGE", at)


@pytest.mark.parametrize("secret", ["", "   ", "123456", "not base32!", "A", "ÄÖÜ"])
def test_what_is_not_a_secret_is_refused(secret):
    with pytest.raises(NotATotpSecret, match=r"^A TOTP secret is base32"):
        code(secret, datetime.fromtimestamp(59, UTC))
