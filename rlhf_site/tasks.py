"""Celery's side of the outbox: one task that wakes one job."""

from celery import shared_task

from feedback.jobs.services import run_job


@shared_task(name="consilium.run_job", ignore_result=True)
def wake(job_id: int) -> None:
    """Run the job if it is still due; a second nudge finds nothing to do."""
    run_job(job_id=job_id)
