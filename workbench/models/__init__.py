"""Chat models: the protocol, the client of OpenAI-compatible servers, and the embedded extractive reader.

Nothing here knows of memory or agents.
"""
