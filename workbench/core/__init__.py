"""What every layer may use: settings, paths, errors, token counts, sanitising of foreign text, worker processes."""
