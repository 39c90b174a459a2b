"""The second pair of eyes: what was flagged as harmful, in order of possible harm."""
