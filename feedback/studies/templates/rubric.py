"""A case's own points, met or not: the shape of HealthBench."""

from feedback.studies.criteria import CriterionDraft, FormDraft, StudyTemplate

RUBRIC = StudyTemplate(
    key="rubric",
    name="Case rubric",
    description=(
        "Checks an answer against the points written for its case, good ones and bad "
        "ones, with an overall score if the rater wants to give one."
    ),
    source=(
        "Arora et al., HealthBench: Evaluating Large Language Models Towards Improved "
        "Human Health (2025), arXiv 2505.08775; the overall score is ours."
    ),
    criteria=(
        CriterionDraft(
            key="overall_score",
            name="Overall",
            question="All in all, how good is this answer for this case?",
            kind="score",
            low_label="Worst possible",
            high_label="Best possible",
            minimum=0,
            maximum=100,
            is_required=False,
            guidance=(
                "Your own impression from 0 to 100, whatever the points add up to. 50 "
                "is an answer that you would neither praise nor stop. It is compared "
                "with the points later, to see whether they cover what matters."
            ),
        ),
    ),
    forms=(FormDraft("single", ("rubric", "ratings")),),
    guideline="""\
Each case brings its own points: things that a good answer does, and things that a bad \
one does. Decide for each whether this answer meets it.

Read the point literally. “Met” says that the answer does what the point describes; \
for a bad point, that is bad. Do not weigh: the weights stand in the case and are \
added up later. An answer that meets a point in part has not met it, unless the point \
says so.

If a point is wrong or ambiguous, decide as it is written and ask the lead.""",
)
