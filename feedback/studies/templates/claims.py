"""A physician's claims about a case, each found or not: the shape of K-QA."""

from feedback.studies.criteria import FormDraft, StudyTemplate

CLAIMS = StudyTemplate(
    key="claims",
    name="Claims checklist",
    description=(
        "Compares an answer with statements that physicians made about the case: "
        "supported, contradicted or not addressed, and what every answer must say."
    ),
    source=(
        "Manes et al., K-QA: A Real-World Medical Q&A Benchmark, BioNLP 2024, 277-294."
    ),
    criteria=(),
    forms=(FormDraft("single", ("claims", "must_say")),),
    guideline="""\
Each case brings statements that a physician holds to be true. Decide for each how the \
answer stands to it.

Supported: whoever reads the answer would take the statement to be true; the words \
need not be the same. Contradicted: both cannot be true. Not addressed: the answer \
leaves it open. If it is half said, ask whether a reader who knows only this answer \
would know the statement; if not, it is not addressed.

Then the list of what an answer to this case must say: said, or missing. Something \
that is merely hinted at is missing.

You judge the answer against the statements, not the statements. If you think that one \
is wrong, decide as it is written and ask the lead.""",
)
