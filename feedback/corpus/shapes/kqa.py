"""K-QA: a patient's question, a physician's answer, and the facts it must have."""

from typing import Any

from feedback.corpus import cells
from feedback.corpus.cells import Cells
from feedback.corpus.drafts import CompletionDraft, PointDraft, PromptDraft
from feedback.corpus.shapes.shape import Shape


def read(row: dict[str, Any]) -> list[PromptDraft]:
    """Read a question; the answer is both its completion and its reference.

    As a completion it can be rated and exported; as the reference answer it says what
    a model's answer is held against. Its statements are claims to check an answer for;
    those it must have are also on the list of what must be said.
    """
    answer = cells.text(row, "physician_answer")
    must, nice = _statements(row, "must_have"), _statements(row, "nice_to_have")
    return [
        PromptDraft(
            messages=cells.user_turn(cells.text(row, "question")),
            completions=[
                CompletionDraft(content=answer, metadata={"author": "physician"})
            ],
            external_id=cells.label(row, "id"),
            reference_answer=answer,
            points=[
                *(_claim(one) for one in [*must, *nice]),
                *(PointDraft(kind="must_say", text=one) for one in must),
            ],
            metadata=cells.labels(
                row, ("must_have", "nice_to_have", "sources", "icd10")
            ),
        )
    ]


def _statements(row: Cells, name: str) -> list[str]:
    """The corpus has blank statements among its lists; they say nothing."""
    given = [one for one in row.get(name) or [] if one is not None and str(one).strip()]
    return cells.texts({name: given}, name)


def _claim(text: str) -> PointDraft:
    return PointDraft(kind="claim", text=text)


SHAPE = Shape(
    key="kqa",
    label="K-QA physician answers",
    required=(("question",), ("physician_answer",)),
    allowed=None,
    matches=lambda row: {"question", "physician_answer"} <= row.keys(),
    read=read,
)
