"""Commands under the names of the server before this one."""
