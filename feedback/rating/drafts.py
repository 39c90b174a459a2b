"""Unfinished answers, kept on the server while a rater types.

A draft belongs to an assignment and counts its versions, so that of two open pages
neither can overwrite what the other saved without a person choosing. It is never an
answer: nothing reads it but its rater's own page, and the submit deletes it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.http import QueryDict

from feedback.common.exceptions import Conflict, Invalid
from feedback.common.text import forbidden_character
from feedback.rating.models import Draft, Judgment
from feedback.studies.models import Assignment

MAX_CHARACTERS = 500_000
_MAX_FIELDS = 2000
# What the page sends about itself, which is no answer.
NOT_KEPT = frozenset(
    {
        "csrfmiddlewaretoken",
        "idempotency_key",
        "lease_no",
        "shown_sha256",
        "page_id",
        "page_seq",
        "draft_version",
        "continues",
        "takes_over",
        "mode",
        "revises",
    }
)


@dataclass(frozen=True, slots=True)
class Saved:
    """What the server now holds."""

    version: int
    saved_at: datetime


class OtherDraft(Conflict):
    """Another page saved a newer draft; `saved_at` and `version` are of that one."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(
            "Another window saved a newer draft of this answer.",
            next_step="Reload to see it, or go on here to keep what this page shows.",
        )
        self.version, self.saved_at = draft.version, draft.saved_at


@transaction.atomic
def save_draft(
    *,
    assignment: Assignment,
    post: QueryDict,
    page_id: UUID,
    page_seq: int,
    continues: UUID | None,
    version: int,
    takes_over: bool,
    revises: str,
    now: datetime,
) -> Saved:
    """Keep what stands in the form.

    Args:
        assignment: the rater's own.
        post: the form's fields, as a submit would send them.
        page_id: of the page, drawn when it was made.
        page_seq: the page's own number of this save, growing.
        continues: an earlier page of the same window, whose text this one took over
            from the device; what that page saved is older, whenever it arrives.
        version: of the draft that the page last saw; 0 for none.
        takes_over: the person chose this page over a newer draft.
        revises: uid of the judgment that is being changed; empty for a first answer.
        now: the time that is shown as saved.

    Raises:
        Invalid: if it is too large or cannot be stored.
        Conflict: if the task is answered already, or the answer was changed since the
            page was opened; no draft comes after a submit.
        OtherDraft: if another page saved since this one last saw the draft.
    """
    fields = _kept(post)
    # The submit holds this row too: of a save and a submit one comes first.
    held = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    _refuse_after_submit(held, revises)
    draft = Draft.objects.filter(assignment=held).first()
    if draft is None:
        draft = Draft(assignment=held, version=0)
    elif draft.page_id == page_id:
        if page_seq <= draft.page_seq:
            # An older save of this page that comes late: the newer one stays.
            return Saved(draft.version, draft.saved_at)
    elif draft.version > version and draft.page_id != continues and not takes_over:
        raise OtherDraft(draft)
    draft.fields, draft.page_id, draft.page_seq = fields, page_id, page_seq
    draft.version, draft.saved_at = draft.version + 1, now
    draft.save()
    return Saved(draft.version, draft.saved_at)


def _refuse_after_submit(held: Assignment, revises: str) -> None:
    latest = Judgment.objects.filter(assignment=held).order_by("-revision").first()
    if revises == (str(latest.uid) if latest else ""):
        return
    if not revises:
        raise Conflict(
            "This task is answered already.",
            next_step="Take the next one, or change your answer from your judgments.",
        )
    raise Conflict(
        "You changed this answer in another window already.",
        next_step="Open it again from your judgments to see what it says now.",
    )


def _kept(post: QueryDict) -> dict[str, list[str]]:
    fields = {
        name: values
        for name, values in post.lists()
        if name not in NOT_KEPT and any(values)
    }
    n_characters = sum(len(v) for values in fields.values() for v in values)
    if len(fields) > _MAX_FIELDS or n_characters > MAX_CHARACTERS:
        raise Invalid(
            f"The draft holds {n_characters:,} characters; "
            f"{MAX_CHARACTERS:,} are kept.",
            next_step="Shorten it; until then it is only on this page.",
        )
    for name, values in fields.items():
        for value in values:
            if offence := forbidden_character(value.replace("\r", "")):
                raise Invalid(
                    f"{name} holds a character that cannot be stored: {offence}.",
                    next_step="Remove it; until then the draft is only on this page.",
                )
    return fields
