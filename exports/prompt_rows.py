"""The row of `prompts`: a question with what is known of its answer."""

from exports.cases import Case, Row
from exports.evidence import Mark, Rewrite, Said
from exports.screening import identifiers_in

_POINT_NAMES = {
    "rubric": "Rubric",
    "claim": "Claim",
    "must_say": "Must be said",
}


def _context(case: Case) -> tuple[str, list[Said]]:
    """What clinicians know of the case, line by line, and whose word that is."""
    lines = [
        f"{_POINT_NAMES[kind]}{'' if points is None else f' ({points:+d})'}: {text}"
        for kind, text, points in case.prompt.points
    ]
    said: list[Said] = []
    for answer in case.prompt.answers.values():
        if "identifier_found" in answer.bars:
            continue
        for mark in answer.marks:
            if mark.by.held is None:
                lines.append(_line(mark))
                said.append(mark.by)
    # Each thing once, in the order in which it came up.
    return "\n".join(dict.fromkeys(lines)), said


def _line(mark: Mark) -> str:
    kind = "Missing" if mark.is_omission else "Error"
    line = f"{kind} in an answer ({mark.severity}): {mark.label}"
    if mark.quote:
        line += f": {mark.quote!r}"
    return f"{line}; better: {mark.suggestion!r}" if mark.suggestion else line


def prompt_row(case: Case, *, correction: Rewrite | None) -> Row:
    """The prompt, its reference answer, and what verl wants beside them.

    Args:
        case: of the prompt.
        correction: the text that is taught for it, if a clinician wrote that.
    """
    prompt = case.prompt
    context, said = _context(case)
    reference = prompt.reference_answer
    if identifiers_in([reference]):
        reference = ""
    if not reference and correction is not None:
        reference = correction.text
        said += correction.by
    if identifiers_in([context]):
        context = ""
    return {
        "prompt": case.messages,
        "reference_answer": reference,
        "privileged_context": context,
        "data_source": "consilium",
        "ability": "medicine",
        "reward_model": {"style": "rule", "ground_truth": reference},
        "extra_info": {"split": prompt.split, "index": prompt.number},
        "example_id": prompt.uid,
        **case.home(),
        "judgment_uids": [one.uid for one in sorted(set(said), key=lambda one: one.id)],
    }
