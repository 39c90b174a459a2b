"""Evidence by hand, for the pure builders: one prompt, as a snapshot would hold it."""

from datetime import UTC, datetime

from exports.aggregate import Rating
from exports.builders import rows_of
from exports.evidence import Answer, Mark, Pair, PromptEvidence, Rewrite, Said
from exports.pair_votes import Vote
from exports.rules import Rules

AT = datetime(2026, 1, 1, tzinfo=UTC)


def said(number, **fields):
    """A judgment of the rater with this number."""
    return Said(number, f"j{number}", number, 1, AT, is_unblinded=False, **fields)


def answer(number, *values, text="", bars=None, held=None, **fields):
    """A completion, rated for tone by one rater for each value."""
    own = Answer(
        id=number,
        uid=f"c{number}",
        text=text or f"Answer {number}. It is long. Ask your doctor.",
        model=f"m{number}",
        bars=bars or {},
        **fields,
    )
    for rater, value in enumerate(values):
        own.ratings.append(Rating(rater, "tone", value))
        own.rated_by.append(said(rater, held=held))
    return own


def pair(a, b, outcomes, *, held=None, verdict=None):
    """The votes between two completions, one letter a rater; = is a tie."""
    votes = [
        Vote(rater, {"=": "tie", "!": "neither"}.get(one, one), int(one in "ab"))
        for rater, one in enumerate(outcomes)
    ]
    by = [said(rater, held=held) for rater in range(len(outcomes))]
    return Pair(a, b, votes, by, verdict)


def rewrite(rater, text, **fields):
    """A correction by one rater."""
    return Rewrite((said(rater, **fields),), text)


def mark(rater, start, end, quote="", **fields):
    """A mark by one rater."""
    given = {"label": "Dose", "severity": "major", "suggestion": ""} | fields
    return Mark(said(rater), start, end, quote, is_omission=start == end, **given)


def prompt(*answers, pairs=(), messages=None, **fields):
    """A prompt of one turn."""
    given = {
        "number": 0,
        "uid": "p0",
        "group_id": "0" * 16,
        "split": "train",
        "specialty": "cardiology",
        "locale": "en",
        "note_type": "",
        "is_synthetic": True,
        "reference_answer": "",
    } | fields
    return PromptEvidence(
        messages=messages or [{"role": "user", "content": "May I?"}],
        answers={own.id: own for own in answers},
        pairs=list(pairs),
        **given,
    )


def build(evidence, **thresholds):
    """All its rows."""
    return rows_of(
        evidence,
        rules=Rules(**thresholds),
        raters=dict.fromkeys(range(20), "surgery"),
        criteria=("tone",),
    )
