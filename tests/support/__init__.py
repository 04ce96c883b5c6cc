"""What several tests share: servers, fakes, builders. The product imports none of it."""
