"""An agent as one portable copy: written out and restored."""
