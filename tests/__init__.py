"""Without this file `tests/domain` would be imported as `domain` and hide the product's."""
