"""Serves the workbench over HTTP: REST, WebSocket, an OpenAI-compatible endpoint and MCP, each behind a token."""
