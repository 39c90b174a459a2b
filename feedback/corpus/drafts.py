"""What a row means before it is stored: prompts with their completions."""

from dataclasses import dataclass, field
from typing import Any

from feedback.common.hashing import text_sha256

# A turn: its role (system, user, assistant) and its content.
Message = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionDraft:
    """One answer, as the file has it."""

    content: str
    model: str = ""
    # The pseudonym of the rater who wrote it, if one did: never asked to judge it.
    written_by: str = ""
    external_id: str = ""
    # Labels that the file brought (chosen, a score, …). Stored, never shown.
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointDraft:
    """Something an answer to the prompt is checked for; `kind` is a `CasePoint.Kind`."""

    kind: str
    text: str
    points: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptDraft:
    """A conversation to be answered, with the answers that its row brings."""

    messages: list[Message]
    completions: list[CompletionDraft]
    external_id: str = ""
    group_id: str = ""
    specialty: str = ""
    locale: str = ""
    note_type: str = ""
    is_synthetic: bool = False
    reference_answer: str = ""
    points: list[PointDraft] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def group_key(self) -> str:
        """The family: the file's own, else everything with the same first question.

        Conversations that begin alike are near-duplicates; told apart they could
        stand on both sides of a split.
        """
        if self.group_id:
            return self.group_id
        first = next((m for m in self.messages if m["role"] == "user"), None)
        return text_sha256((first or self.messages[0])["content"])
