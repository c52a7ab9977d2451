"""The agent: events come in, it chains model calls and function calls over its memory, and events come out."""
