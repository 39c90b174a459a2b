"""A study's routing policy as a value and in words."""

from feedback.stats import routing
from feedback.studies.models import Study


def policy_of(study: Study) -> routing.Policy:
    """The study's policy as a value; pairs chosen by information have a fixed sum."""
    if study.policy == Study.Policy.LOCKED:
        return routing.locked(max(study.overlap, routing.BASE_RATINGS))
    if study.policy == Study.Policy.LEAD:
        return routing.lead(cap=study.cap)
    if study.policy == Study.Policy.POSTERIOR:
        return routing.posterior(cap=study.cap)
    return routing.fixed(study.overlap)


def policy_words(study: Study) -> str:
    """The policy in plain words, with the study's numbers."""
    if study.policy == Study.Policy.INFORMATION:
        text = (
            f"Every task first gets {routing.BASE_RATINGS} ratings. Further ratings, "
            f"{study.overlap} for each pair on average, go to the pairs of models "
            "compared least, or, once models differ widely, to those where a vote "
            "teaches most; a quarter stays random."
        )
    else:
        text = routing.describe(policy_of(study))
    if study.policy != Study.Policy.FIXED and study.audit_percent:
        text += (
            f" Of the tasks that seem certain, {study.audit_percent} % go to a "
            "specialist all the same, drawn by chance."
        )
    return text
