"""Where a person says yes or no to an order that their client cannot ask them about."""
