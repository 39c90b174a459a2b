"""What was said: judgments and their parts, append-only."""
