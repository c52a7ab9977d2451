"""Recorded steps, branches, forks and restore points of an agent."""
