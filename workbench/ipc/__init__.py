"""Lets one process own the database and serve the other commands of the same user over a Unix socket."""
