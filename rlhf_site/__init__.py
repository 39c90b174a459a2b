"""The project: wiring only, no rule of the domain."""
