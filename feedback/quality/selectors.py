"""Reading a study's quality: what has changed, and what is stored."""

from django.db import connection

from feedback.quality.epochs import Epoch
from feedback.quality.models import Report
from feedback.studies.models import Study

# Everything that reports depend on shows here, or in the settings they are given.
_FINGERPRINT = """
    SELECT concat_ws('-',
        (SELECT concat(count(*), '.', coalesce(max(id), 0))
            FROM rating_judgment WHERE study_id = %(study)s),
        (SELECT concat(count(*), '.', sum(id) FILTER (WHERE state = 'withdrawn'), '.',
                count(*) FILTER (WHERE state = 'complete'))
            FROM studies_task WHERE study_id = %(study)s),
        (SELECT concat(count(*), '.', count(retired_at)) FROM studies_golditem g
            JOIN studies_task t ON t.id = g.task_id WHERE t.study_id = %(study)s),
        (SELECT md5(coalesce(string_agg(concat_ws('|', r.id, r.pseudonym, r.profession,
                r.age_band, r.sex, r.ethnicity, r.language), ',' ORDER BY r.id), ''))
            FROM accounts_rater r WHERE EXISTS (
                SELECT 1 FROM studies_enrollment e
                WHERE e.user_id = r.user_id AND e.study_id = %(study)s)),
        (SELECT concat_ws('.', policy, overlap, cap, audit_percent, decides_on, seed)
            FROM studies_study WHERE id = %(study)s)
    )
"""


def fingerprint_of(study: Study) -> str:
    """A short text that changes whenever a report of the study could."""
    with connection.cursor() as cursor:
        cursor.execute(_FINGERPRINT, {"study": study.pk})
        (found,) = cursor.fetchone()
    return str(found)


def newest_report(
    study: Study, kind: Report.Kind, epoch: Epoch, code_version: str
) -> Report | None:
    """The report of a kind that this version of the application computed last."""
    return (
        Report.objects.filter(
            study=study, kind=kind, epoch=epoch.number, code_version=code_version
        )
        .order_by("-pk")
        .first()
    )
