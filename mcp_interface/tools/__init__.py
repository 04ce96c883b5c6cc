"""The tools: arguments in, a use case or a query, an answer in words and as data."""
