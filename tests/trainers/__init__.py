"""Training on an export with the trainers themselves: `make trainers`.

Runs in an environment of its own (`requirements-trainers.txt`), apart from the project's
and from the test suite: nothing here is collected by pytest.
"""
