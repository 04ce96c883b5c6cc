"""One adapter per broker, each the only importer of its SDK."""
