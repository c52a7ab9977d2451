"""Checking an answer before it is shown: quotes, grounding, and what to keep in context."""
