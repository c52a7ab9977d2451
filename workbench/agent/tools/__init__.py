"""The functions that a model can call, and the registry that checks and runs them."""
