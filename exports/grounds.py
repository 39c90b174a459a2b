"""What the rows of a release rest on and has vanished since: found from the small side.

What vanishes is little beside what is exported, so every query begins with it: revised
judgments, withdrawn tasks, raised flags, superseded editions, consent taken back.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from exports.models import Snapshot, Tombstone
from feedback.common.hashing import json_sha256

Reason = Tombstone.Reason

_MEMBER = """
    JOIN exports_snapshotmember m
        ON m.judgment_id = j.id AND m.snapshot_id = %(snapshot)s
"""
_SUPERSEDED = f"""
    SELECT j.uid::text FROM rating_judgment n
    JOIN rating_judgment j ON j.id = n.supersedes_id {_MEMBER}
    WHERE n.study_id = %(study)s AND n.basis = 'blind'
"""  # noqa: S608 - constants only
_WITHDRAWN = f"""
    SELECT j.uid::text FROM studies_task t
    JOIN rating_judgment j ON j.task_id = t.id {_MEMBER}
    WHERE t.study_id = %(study)s AND t.state = 'withdrawn'
"""  # noqa: S608 - constants only
_STALE = f"""
    SELECT j.uid::text FROM review_evidenceedition e
    JOIN review_adjudicationevidence ae ON ae.edition_id = e.id
    JOIN review_adjudication a ON a.id = ae.adjudication_id
    JOIN rating_judgment j ON j.task_id = a.task_id {_MEMBER}
    WHERE j.study_id = %(study)s AND e.superseded_at > %(pinned_at)s
        AND a.created_at <= %(pinned_at)s
"""  # noqa: S608 - constants only
_CONSENT = f"""
    SELECT j.uid::text FROM exports_consentwithdrawal c
    JOIN rating_judgment j ON j.rater_id = c.rater_id {_MEMBER}
    WHERE j.study_id = %(study)s
"""  # noqa: S608 - constants only
_CONSENT_PROMPTS = """
    SELECT p.uid::text FROM exports_consentwithdrawal c
    JOIN corpus_prompt p ON p.id = c.prompt_id OR p.source_id = c.source_id
    WHERE EXISTS (
        SELECT 1 FROM studies_task t
        WHERE t.prompt_id = p.id AND t.study_id = %(study)s
    )
"""
# As when snapshots are pinned: a flag counts whoever raised it, in whichever study,
# and also on the same answer to the same prompt that came from another source.
_FLAGGED = """
    SELECT DISTINCT p.uid::text, c.content
    FROM rating_safetyflag f
    JOIN corpus_completion fc ON fc.id = f.completion_id
    JOIN corpus_prompt fp ON fp.id = fc.prompt_id
    JOIN corpus_prompt p ON p.content_sha256 = fp.content_sha256
    JOIN corpus_completion c
        ON c.prompt_id = p.id AND c.content_sha256 = fc.content_sha256
    WHERE EXISTS (
        SELECT 1 FROM studies_taskitem i JOIN studies_task t ON t.id = i.task_id
        WHERE i.completion_id = c.id AND t.study_id = %(study)s
    ) AND NOT EXISTS (
        SELECT 1 FROM exports_snapshotexclusion x
        WHERE x.snapshot_id = %(snapshot)s AND x.completion_id = c.id
            AND x.rule = 'open_safety_flag'
    )
"""
_MEMBERS = (
    "SELECT count(*) FROM exports_snapshotmember WHERE snapshot_id = %(snapshot)s"
)

# The weightier reason is named where several apply.
_OF_JUDGMENTS = (
    (_CONSENT, Reason.CONSENT_WITHDRAWN),
    (_WITHDRAWN, Reason.TASK_WITHDRAWN),
    (_SUPERSEDED, Reason.JUDGMENT_SUPERSEDED),
    (_STALE, Reason.STALE_EVIDENCE),
)


@dataclass(frozen=True, slots=True)
class Grounds:
    """What has vanished from under a snapshot since it was pinned.

    Attributes:
        judgments: uid -> why it counts no more.
        prompts: uid -> why nothing about it may be used.
        texts: uid of a prompt, and an answer to it that must not be taught.
        n_erased: judgments that are not there any more.
    """

    judgments: dict[str, Reason] = field(default_factory=dict)
    prompts: dict[str, Reason] = field(default_factory=dict)
    texts: frozenset[tuple[str, str]] = frozenset()
    n_erased: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether everything is still there."""
        return not (self.judgments or self.prompts or self.texts or self.n_erased)

    @property
    def sha256(self) -> str:
        """Names this state of things."""
        return json_sha256(
            [
                sorted(self.judgments.items()),
                sorted(self.prompts.items()),
                sorted(self.texts),
                self.n_erased,
            ]
        )


def grounds_of(snapshot: Snapshot) -> Grounds:
    """What has vanished from under a sealed snapshot, as of now."""
    keys = {
        "snapshot": snapshot.pk,
        "study": snapshot.study_id,
        "pinned_at": snapshot.pinned_at,
    }
    judgments: dict[str, Reason] = {}
    for sql, reason in _OF_JUDGMENTS:
        for (uid,) in _rows(sql, keys):
            judgments.setdefault(uid, reason)
    ((n_members,),) = _rows(_MEMBERS, keys)
    return Grounds(
        judgments=judgments,
        prompts={
            uid: Reason.CONSENT_WITHDRAWN for (uid,) in _rows(_CONSENT_PROMPTS, keys)
        },
        texts=frozenset(
            (uid, content.strip()) for uid, content in _rows(_FLAGGED, keys)
        ),
        n_erased=snapshot.n_judgments - n_members,
    )


def _rows(sql: str, keys: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, keys)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
