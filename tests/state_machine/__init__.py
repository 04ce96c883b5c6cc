"""Stories told one step after another: the real use cases beside a small model that says beforehand
what each of them must answer. What happens at the same time is the business of `tests/simulation`.
"""
