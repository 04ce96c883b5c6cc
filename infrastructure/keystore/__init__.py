"""Where keys live, apart from the database and its backups."""
