"""Tasks that show the same as an ordinary one, for another purpose."""

from feedback.studies.models import Task, TaskItem


def make_twin(*, original: Task, purpose: Task.Purpose, fingerprint: str) -> Task:
    """Make a task of the same items and guideline version; it has no slots yet.

    Slots of twins are made for one rater at a time: `feedback.studies.serving`.

    Args:
        original: an ordinary task.
        purpose: what the twin is for.
        fingerprint: no other task of the study has it.
    """
    twin = Task.objects.create(
        study_id=original.study_id,
        guideline_version_id=original.guideline_version_id,
        prompt_id=original.prompt_id,
        kind=original.kind,
        purpose=purpose,
        repeats=original,
        fingerprint=fingerprint,
    )
    TaskItem.objects.bulk_create(
        TaskItem(task=twin, completion_id=completion_id, position=position)
        for completion_id, position in original.items.values_list(
            "completion", "position"
        )
    )
    return twin
