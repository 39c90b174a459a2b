"""The demonstration: people, content, and a history made by stated skills."""
