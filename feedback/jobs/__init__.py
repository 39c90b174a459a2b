"""The outbox: a Job row is the queue, Celery only the alarm clock."""
