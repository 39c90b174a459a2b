"""An answer in steps, and which of them raters marked an error in: pure functions."""

import re
from collections.abc import Iterable, Sequence

# After a sentence or a line; the blanks stay with what came before, so that the steps
# joined are the text.
_END = re.compile(r"(?<=[.!?:])[ \t]+(?=[A-Z0-9\"'“(*•-])|(?<=\n)(?=[^\n])")


def steps_of(text: str) -> list[tuple[int, int]]:
    """Where each step starts and ends, in code points, half open.

    Args:
        text: an answer as stored.

    Returns:
        At least one step; end to end they are the whole text, and none is blank.
    """
    ends = [match.end() for match in _END.finditer(text)] + [len(text)]
    steps: list[tuple[int, int]] = []
    start = 0
    for end in ends:
        if text[start:end].strip():
            steps.append((start, end))
            start = end
    if not steps:
        return [(0, len(text))]
    # What is left is blank and belongs to the last step.
    steps[-1] = (steps[-1][0], len(text))
    return steps


def is_in(step: tuple[int, int], mark: tuple[int, int], *, is_last: bool) -> bool:
    """Whether a mark touches a step; a point belongs to the step it stands in."""
    (start, end), (first, last) = step, mark
    if first == last:
        return start <= first < end or (is_last and first >= end)
    return first < end and last > start


def step_labels(
    steps: Sequence[tuple[int, int]],
    marks: Iterable[tuple[int, int, int]],
    *,
    n_raters: int,
) -> list[bool]:
    """Which steps are right: those that fewer than half of the raters marked.

    Args:
        steps: of `steps_of`.
        marks: (rater, start, end) of each mark, in code points.
        n_raters: who were asked to mark, at least 1.
    """
    given = list(marks)
    labels = []
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        raters = {
            rater
            for rater, start, end in given
            if is_in(step, (start, end), is_last=is_last)
        }
        labels.append(2 * len(raters) < n_raters)
    return labels
