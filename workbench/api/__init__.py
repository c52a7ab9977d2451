"""What displays see of the engine: events, frozen views, and the protocols of what may be asked."""
