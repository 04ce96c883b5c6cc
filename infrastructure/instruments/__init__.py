"""The instrument table: the brokers' master files read, joined, checked, one SQLite file a day."""
