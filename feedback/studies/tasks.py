"""Work on studies, as jobs call it: fetch the row, call the service."""

from feedback.studies import building
from feedback.studies.models import StudySource
from feedback.studies.selectors import latest_guideline

BUILD_JOB = "studies.build_tasks"


def build_tasks(study_source_id: int) -> None:
    """Make the tasks that a source calls for in a study.

    Without a published guideline there is nothing to follow yet, so none are made.
    """
    link = StudySource.objects.select_related("study", "source").get(pk=study_source_id)
    if latest_guideline(link.study) is not None:
        building.build_tasks(study=link.study, source=link.source)
