"""Sessions and logins: opened, used, ended."""
