"""What follows in exports from what happens below; `rlhf_site.wiring` lists it."""

from exports.models import Release
from exports.tombstones import ask_to_watch
from feedback.rating.events import JudgmentSubmitted, SafetyFlagRaised
from feedback.rating.models import Judgment, SafetyFlag

_RELEASED = Release.objects.filter(state=Release.State.RELEASED).select_related(
    "snapshot"
)


def after_judgment(event: JudgmentSubmitted) -> None:
    """Look after the study's releases when a clinician changed an answer."""
    changed = Judgment.objects.filter(pk=event.judgment_id, revision__gt=1).first()
    if changed is not None:
        ask_to_watch(_RELEASED.filter(study=changed.study_id))


def after_flag(event: SafetyFlagRaised) -> None:
    """Look after every release whose study shows the flagged text, in any study."""
    flag = SafetyFlag.objects.select_related("completion").get(pk=event.flag_id)
    text = flag.completion.content_sha256
    shows = "study__tasks__items__completion__content_sha256"
    ask_to_watch(_RELEASED.filter(**{shows: text}).distinct())
