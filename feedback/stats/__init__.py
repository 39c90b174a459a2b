"""Statistics on judgments: NumPy only, nothing of Django."""
