"""The session and its logins."""
