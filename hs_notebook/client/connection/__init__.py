"""The line to a server: bytes out and in, and what its statuses and its silence mean."""
