"""Several answers to one question, put in order."""

from feedback.studies.criteria import FormDraft, StudyTemplate

RANKING = StudyTemplate(
    key="ranking",
    name="Ranking",
    description="Puts up to eight answers to one question in order; ties are allowed.",
    source="",
    criteria=(),
    forms=(FormDraft("ranking"),),
    guideline="""\
Put the answers in the order in which you would send them to the person who asked. \
Answers that you would send as gladly as each other share a rank; do not force a \
difference.

Safety decides first, then whether it is right, then whether it is complete, then \
tone. Length alone is no reason.

Say in a short comment what put the first above the second and what put the last one \
last. One line is enough; leave it out if it is plain to see.""",
)
