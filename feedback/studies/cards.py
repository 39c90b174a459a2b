"""What the home page and the list of studies show of each study."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Count, Q

from feedback.accounts.models import User
from feedback.accounts.permissions import PERMISSIONS, Role, Verb
from feedback.studies.models import Assignment, Enrollment, Slot, Study, Task
from feedback.studies.selectors import COUNTED_PLACES, studies_for, with_checks
from feedback.studies.selectors_questions import open_questions


@dataclass(frozen=True, slots=True)
class StudyCard:
    """A study with what one person is and may do in it."""

    study: Study
    held: frozenset[Role] = field(default_factory=frozenset)
    n_done: int = 0
    n_possible: int = 0
    n_slots: int = 0
    n_slots_done: int = 0
    n_open_questions: int = 0

    @property
    def roles(self) -> list[str]:
        """The person's roles as they are called."""
        return [role.label for role in Role if role in self.held]

    def _may(self, verb: Verb) -> bool:
        return bool(self.held & PERMISSIONS[verb])

    @property
    def can_rate(self) -> bool:
        """Whether the person judges here."""
        return self._may(Verb.TASK_RATE)

    @property
    def is_only_rating(self) -> bool:
        """Whether the person judges here and may not see the study's quality."""
        return self.can_rate and not self.can_see_quality

    @property
    def can_lead(self) -> bool:
        """Whether the person sets this study up."""
        return self._may(Verb.STUDY_LEAD)

    @property
    def can_see_flags(self) -> bool:
        """Whether the person may read safety flags."""
        return self._may(Verb.FLAG_SEE)

    @property
    def can_see_quality(self) -> bool:
        """Whether the person may see how well raters agree."""
        return self._may(Verb.QUALITY_SEE)

    @property
    def can_see_adjudication(self) -> bool:
        """Whether the person may see what raters disagree on."""
        return self._may(Verb.ADJUDICATION_SEE)

    @property
    def can_pull(self) -> bool:
        """Whether the person may download datasets."""
        return self._may(Verb.SNAPSHOT_PULL)

    @property
    def n_left(self) -> int:
        """Tasks this rater has not answered."""
        return max(self.n_possible - self.n_done, 0)

    @property
    def percent(self) -> int:
        """How far the person's own part has come, in whole percent."""
        return 100 * self.n_done // self.n_possible if self.n_possible else 0

    @property
    def percent_of_study(self) -> int:
        """How far the whole study has come, in whole percent."""
        return 100 * self.n_slots_done // self.n_slots if self.n_slots else 0


def cards_for(user: User) -> list[StudyCard]:
    """A card for each study a person may see, newest first, in six queries."""
    studies = list(studies_for(user, Verb.STUDY_SEE).order_by("-pk"))
    held = _roles_held(user)
    tasks = dict(
        Task.objects.filter(study__in=studies, purpose=Task.Purpose.LABEL)
        .exclude(state=Task.State.WITHDRAWN)
        .values_list("study")
        .annotate(n=Count("pk"))
    )
    slots = {
        study: (n, done)
        for study, n, done in Slot.objects.filter(
            study__in=studies, state__in=COUNTED_PLACES
        )
        .exclude(wave=Slot.Wave.CHECK)
        .values_list("study")
        .annotate(n=Count("pk"), done=Count("pk", filter=Q(state=Slot.State.DONE)))
    }
    own = dict(
        Assignment.objects.filter(
            study__in=studies, rater__user=user, state=Assignment.State.SUBMITTED
        )
        .values_list("study")
        .annotate(n=Count("pk"))
    )
    asked = dict(
        open_questions()
        .filter(study__in=studies)
        .values_list("study")
        .annotate(n=Count("pk"))
    )
    return [
        StudyCard(
            study=study,
            held=held[study.pk] | user.site_roles,
            n_done=own.get(study.pk, 0),
            n_possible=with_checks(study, tasks.get(study.pk, 0)),
            n_slots=slots.get(study.pk, (0, 0))[0],
            n_slots_done=slots.get(study.pk, (0, 0))[1],
            n_open_questions=asked.get(study.pk, 0),
        )
        for study in studies
    ]


def card_for(user: User, study: Study) -> StudyCard:
    """What a person is and may do in one study, without the counts."""
    return StudyCard(study=study, held=study.roles_of(user.pk) | user.site_roles)


def _roles_held(user: User) -> defaultdict[int, frozenset[Role]]:
    held: defaultdict[int, frozenset[Role]] = defaultdict(frozenset)
    rows = Enrollment.objects.filter(user=user, ended_at=None)
    for study_id, role in rows.values_list("study_id", "role"):
        held[study_id] |= {Role(role)}
    return held
