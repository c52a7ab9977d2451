"""Read-only SQL over loaded tables, run in a process of its own."""
