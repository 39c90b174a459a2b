"""The embedded PostgreSQL and Valkey: found, started, watched and stopped.

Nothing here knows Django or reads the environment; `rlhf_site.local_services` is
the door. See docs/decisions/0002-embedded-services.md.
"""
