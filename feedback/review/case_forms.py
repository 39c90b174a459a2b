"""From what a browser posts to a decision."""

from django.http import QueryDict

from feedback.common.exceptions import Invalid
from feedback.common.text import normalize
from feedback.rating.forms import submission_from
from feedback.rating.shown import Shown
from feedback.review.case_page import criteria_of
from feedback.review.deciding import Decision, not_decided, problems_of
from feedback.review.evidence_forms import citations_from
from feedback.review.models import AdjudicationCase


def decision_from(post: QueryDict, case: AdjudicationCase, shown: Shown) -> Decision:
    """Read the posted case page.

    Raises:
        Invalid: with every problem there is, by field, if something cannot be read.
    """
    problems: dict[str, str] = {}
    evidence = citations_from(post, case.study, problems)
    criterion = post.get("change_criterion", "")
    try:
        sent = submission_from(
            post, asked=shown.asked, order=shown.order, texts=shown.texts
        )
    except Invalid as error:
        if not (error.fields or problems):
            raise
        raise not_decided(problems | error.fields) from error
    decision = Decision(
        answer=sent.answer,
        cause=post.get("cause", ""),
        rationale=normalize(post.get("rationale", "")).strip(),
        lease_no=sent.lease_no,
        idempotency_key=sent.idempotency_key,
        shown_sha256_seen=sent.shown_sha256,
        evidence=evidence,
        change=normalize(post.get("change", "")).strip(),
        change_criterion=criterion if criterion in dict(criteria_of(shown)) else "",
    )
    if problems:
        raise not_decided(problems_of(case, decision, shown) | problems)
    return decision
