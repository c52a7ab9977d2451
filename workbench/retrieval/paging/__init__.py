"""Pages of results with true totals, and the cursors that keep them stable while the archive changes."""
