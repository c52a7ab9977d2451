"""The regions of the screen, one a file: each is a projection of the events the bridge hands it."""
