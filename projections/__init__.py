"""What is shown: tables folded from the event log, and the queries that read them."""
