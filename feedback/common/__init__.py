"""Parts every app stands on; no tables and no knowledge of any app."""
