"""A judgment in words: what its rater said, as the rater's page called things."""

from feedback.rating.checks import item_name
from feedback.rating.models import CriterionRating, Judgment, Preference
from feedback.studies.models import Criterion, Task

Lines = list[tuple[str, str]]


def said_lines(judgment: Judgment, *, short: bool) -> Lines:
    """What a judgment says, as pairs of label and value.

    Args:
        judgment: with the joins of `selectors.judgments_of`.
        short: name texts instead of quoting them.
    """
    places = _places(judgment)
    lines: Lines = []
    if judgment.outcome == Judgment.Outcome.OUTSIDE_PRACTICE:
        lines.append(("Answer", "Outside my practice"))
    else:
        lines += _ratings(judgment, places)
        lines += _verdicts(judgment, places, short=short)
        lines += _preferences(judgment, places)
        lines += _marks(judgment, short=short)
    for correction in judgment.corrections.all():
        lines.append(("Correction", "corrected" if short else correction.text))
    if judgment.is_fit_as_is:
        lines.append(("Correction", "Fit as it is"))
    for flag in judgment.safety_flags.all():
        words = f"{flag.get_category_display()}, {flag.severity}"
        text = f"flagged: {words}" if short else f"{words}. {flag.rationale}"
        lines.append(("Safety flag", text))
    if judgment.comment and not short:
        lines.append(("Comment", judgment.comment))
    return lines


def _places(judgment: Judgment) -> dict[int, int]:
    """Completion -> its place on the page that this rater saw."""
    order = judgment.assignment.shown_order
    return {
        item.completion_id: order.index(item.position)
        if item.position in order
        else item.position
        for item in judgment.task.items.all()
    }


def _about(judgment: Judgment, place: int, name: str) -> str:
    if len(judgment.task.items.all()) == 1:
        return name
    return f"{item_name(judgment.task.kind, place)}: {name}"


def _ratings(judgment: Judgment, places: dict[int, int]) -> Lines:
    lines = []
    ratings = sorted(judgment.ratings.all(), key=lambda r: places[r.completion_id])
    for rating in ratings:
        name = rating.criterion.name
        if rating.turn_no:
            name = f"Turn {rating.turn_no}: {name}"
        label = _about(judgment, places[rating.completion_id], name)
        value = _value(rating)
        is_scale = rating.criterion.kind == Criterion.Kind.LIKERT
        lines.append((label, f"{name} {value}" if is_scale else f"{name}: {value}"))
    return lines


def _value(rating: CriterionRating) -> str:
    if rating.is_not_applicable:
        return "does not apply"
    if rating.is_outside_practice:
        return "outside my practice"
    if rating.choices is not None:
        options = rating.criterion.options
        labels = {option["value"]: option["label"] for option in options}
        return ", ".join(labels.get(one, one) for one in rating.choices) or "none"
    return rating.text if rating.value is None else _number(rating)


def _number(rating: CriterionRating) -> str:
    criterion = rating.criterion
    if criterion.kind == Criterion.Kind.YES_NO:
        yes, no = criterion.high_label or "Yes", criterion.low_label or "No"
        return yes if rating.value else no
    if criterion.kind == Criterion.Kind.TURN:
        return f"turn {rating.value}" if rating.value else "never"
    return str(rating.value)


def _verdicts(judgment: Judgment, places: dict[int, int], *, short: bool) -> Lines:
    verdicts = sorted(
        judgment.point_verdicts.all(),
        key=lambda one: (places[one.completion_id], one.point.kind, one.point.position),
    )
    if short and verdicts:
        return [("Points", f"{len(verdicts)} points checked")]
    return [
        (
            _about(judgment, places[one.completion_id], one.point.text),
            one.get_verdict_display(),
        )
        for one in verdicts
    ]


def _marks(judgment: Judgment, *, short: bool) -> Lines:
    marks = list(judgment.marks.all())
    if short:
        n_marks = f"{len(marks)} mark{'' if len(marks) == 1 else 's'}"
        return [("Marks", n_marks)] if marks else []
    lines = []
    for mark in sorted(marks, key=lambda one: (one.completion_id, one.start, one.pk)):
        quote = f"“{mark.quote}”" if mark.quote else "missing"
        words = [f"{quote}, {mark.severity}", mark.suggestion]
        lines.append((mark.label.name, ": ".join(filter(None, words))))
    return lines


def _preferences(judgment: Judgment, places: dict[int, int]) -> Lines:
    preferences = list(judgment.preferences.all())
    lines = [
        (one.criterion.name, f"{one.criterion.name}: {_chosen(one, places)}")
        for one in preferences
        if one.criterion is not None
    ]
    overall = [one for one in preferences if one.criterion is None]
    if not overall:
        return lines
    if judgment.task.kind == Task.Kind.RANKING:
        return [*lines, ("Ranking", _ranking(overall, places))]
    lines.append(("Preference", _chosen(overall[0], places)))
    if overall[0].reasons:
        lines.append(("Because of", ", ".join(overall[0].reasons)))
    return lines


def _chosen(preference: Preference, places: dict[int, int]) -> str:
    """The outcome in the words of the page that this rater saw."""
    if preference.outcome not in {Preference.Outcome.A, Preference.Outcome.B}:
        return preference.get_outcome_display()
    is_a = preference.outcome == Preference.Outcome.A
    better = preference.completion_a_id if is_a else preference.completion_b_id
    side = "Right" if places[better] else "Left"
    return f"{side} is {'much' if preference.strength > 1 else 'slightly'} better"


def _ranking(pairs: list[Preference], places: dict[int, int]) -> str:
    """E.g. "2 > 1 = 3", by the numbers on the page."""
    if pairs[0].outcome == Preference.Outcome.NEITHER:
        return "None is acceptable"
    n_better = dict.fromkeys(places, 0)
    for pair in pairs:
        if pair.outcome == Preference.Outcome.A:
            n_better[pair.completion_b_id] += 1
        elif pair.outcome == Preference.Outcome.B:
            n_better[pair.completion_a_id] += 1
    steps: dict[int, list[int]] = {}
    for completion, better in n_better.items():
        steps.setdefault(better, []).append(places[completion] + 1)
    return " > ".join(
        " = ".join(str(place) for place in sorted(steps[step]))
        for step in sorted(steps)
    )
