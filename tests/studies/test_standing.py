"""What a rater who is served nothing reads."""

import pytest

from feedback.studies.models import Enrollment
from feedback.studies.standing import standing_of


@pytest.mark.parametrize("stage", set(Enrollment.Stage) - {Enrollment.Stage.READY})
def test_whoever_waits_reads_what_happens_next(stage):
    standing = standing_of(Enrollment(stage=stage, stage_reason="Of 3 tasks, 1."))
    assert standing.title
    assert standing.text.endswith(standing.next_step)
    assert standing.next_step.endswith(".")
    assert " Of 3 tasks, 1. " in standing.text


def test_whoever_rates_waits_for_nothing():
    assert standing_of(Enrollment(stage=Enrollment.Stage.READY)) is None
