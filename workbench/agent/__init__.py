"""The agent: a loop that chains model calls and function calls over its memory, and tells events of every step."""
