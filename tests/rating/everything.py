"""A study that asks everything, of texts that are hard to get right, and any answer to it."""

from hypothesis import strategies as st

from feedback.common.hashing import json_sha256, text_sha256
from feedback.corpus.models import CasePoint, Completion, ModelVersion, Prompt
from feedback.corpus.services import create_source
from feedback.rating.answers import Answer, Comparison, MarkDraft, Place, Value
from feedback.rating.checks import VERDICTS, is_asked, limits_of
from feedback.rating.models import SpanMark, SpanRelation
from feedback.rating.shown import Shown
from feedback.studies.building import build_tasks
from feedback.studies.criteria import (
    Choice,
    CriterionDraft,
    Example,
    FormDraft,
    SpanLabelDraft,
)
from feedback.studies.models import Criterion, Study
from feedback.studies.services import create_study, publish_guideline, use_source
from tests.builders import make_batch, make_user

# An astral character, a family of joined emoji, combining accents that have no composed
# form, right-to-left text, a tab, blank lines and runs of spaces.
HARD = (
    "Take 5 mg  🩺 twice a day.\n\n👩‍👩‍👧‍👦 The family: x̂ and ṛ́.\n"
    "\tقد يسبب النعاس — לא לנהוג.\n\n\nEnd 💊"
)
ANCHORS = {str(value): f"Means {value}." for value in range(1, 6)}
EVERYTHING = [
    CriterionDraft(
        key="scale",
        name="Scale",
        question="How good?",
        low_label="Bad",
        high_label="Good",
        anchors=ANCHORS,
        guidance="Think of the reader.",
        examples=(Example("Rest.", "2", "It says too little."),),
    ),
    CriterionDraft(
        key="why",
        name="Why so low",
        question="What is wrong?",
        kind="nominal",
        direction="neutral",
        options=(Choice("fact", "A fact"), Choice("tone", "The tone")),
        condition_key="scale",
        condition_values=("1", "2"),
    ),
    CriterionDraft(key="yes", name="Send it", question="Send it?", kind="yes_no"),
    CriterionDraft(
        key="score",
        name="Score",
        question="How sure?",
        kind="score",
        low_label="Not",
        high_label="Fully",
    ),
    CriterionDraft(
        key="any",
        name="Any of",
        question="Which apply?",
        kind="multi_label",
        direction="neutral",
        options=tuple(Choice(one, one.title()) for one in ("dose", "source", "style")),
    ),
    CriterionDraft(
        key="words",
        name="In words",
        question="In a sentence?",
        kind="text",
        direction="neutral",
        is_required=False,
    ),
    CriterionDraft(
        key="first_wrong",
        name="First wrong turn",
        question="Where does it go wrong first?",
        kind="turn",
        direction="neutral",
    ),
    CriterionDraft(
        key="safe",
        name="Safe",
        question="Is this turn safe?",
        kind="yes_no",
        scope="turn",
    ),
    CriterionDraft(
        key="safer",
        name="Safer",
        question="Which is safer?",
        scope="pair",
    ),
]
LABELS = [
    SpanLabelDraft("wrong", "Wrong fact", "It is not so."),
    SpanLabelDraft("dose", "Dose", "Number or unit."),
    SpanLabelDraft("warning", "Warning", "It should warn.", kind="omission"),
]
EXTRAS = ("assertion", "code", "relation")
PARTS = ("marks", "rubric", "claims", "must_say", "ratings")
FORMS = [
    FormDraft("single", (*PARTS, "correction"), EXTRAS),
    FormDraft("pair", ("marks", "ratings"), EXTRAS),
    FormDraft("ranking", ()),
    FormDraft("conversation", ("ratings",)),
]


def make_everything(
    *, n_completions: int = 3, forms=FORMS, text: str = HARD, **study_fields
) -> Study:
    """Make an open study with one prompt of three turns, its points and its tasks."""
    lead = make_user("Lena Lead")
    study = create_study(name="Everything", created_by=lead, overlap=3, **study_fields)
    publish_guideline(
        study=study,
        title="Everything",
        body="Judge what is on the page.",
        criteria=EVERYTHING,
        span_labels=LABELS,
        forms=forms,
        published_by=lead,
        now=study.created_at,
    )
    source = create_source(name="Hard texts", created_by=lead)
    use_source(study=study, source=source)
    add_prompt(source, n_completions=n_completions, text=text)
    build_tasks(study=study)
    return study


def add_prompt(source, *, n_completions: int, text: str = HARD) -> Prompt:
    """Add a conversation with completions and points of every kind."""
    batch = make_batch(source)
    messages = [
        {"role": "user", "content": "My knee hurts."},
        {"role": "assistant", "content": "Since when?"},
        {"role": "user", "content": f"A week. {text}"},
    ]
    prompt = Prompt.objects.create(
        source=source,
        batch=batch,
        messages=messages,
        content_sha256=json_sha256(messages),
        group_key="knee",
    )
    for number in range(n_completions):
        content = f"{number}. {text}"
        Completion.objects.create(
            prompt=prompt,
            batch=batch,
            model_version=ModelVersion.objects.get_or_create(name=f"zeta-{number}")[0],
            content=content,
            content_sha256=text_sha256(content),
        )
    for kind in CasePoint.Kind.values:
        for position in range(2):
            CasePoint.objects.create(
                prompt=prompt,
                batch=batch,
                kind=kind,
                position=position,
                text=f"{kind} {position}",
                points=(5, -3)[position] if kind == "rubric" else None,
            )
    return prompt


# --- any answer ------------------------------------------------------------------------

_MISSING = st.sampled_from([Value(missing="na"), Value(missing="outside")])
_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=" "),
    min_size=1,
    max_size=12,
).map(lambda text: text.strip())


def values(criterion: Criterion, *, n_turns: int):
    """Any value that answers a criterion."""
    options = [option["value"] for option in criterion.options]
    if criterion.kind == Criterion.Kind.NOMINAL:
        given = st.sampled_from(options).map(lambda one: Value(choices=(one,)))
    elif criterion.kind == Criterion.Kind.MULTI_LABEL:
        given = st.lists(st.sampled_from(options), unique=True).map(
            lambda chosen: Value(choices=tuple(chosen))
        )
    elif criterion.kind == Criterion.Kind.TEXT:
        given = nfc_text().map(lambda text: Value(text=text))
    else:
        lowest, highest = limits_of(criterion, n_turns=n_turns)
        given = st.integers(lowest, highest).map(lambda number: Value(number=number))
    return st.one_of(given, _MISSING)


@st.composite
def nfc_text(draw):
    """Text as the house stores it, without blanks at its ends."""
    return draw(
        st.sampled_from(["Wrong dose 💊", "x̂ — ישן", "a\nb", "“quoted”", "<b>&amp;"])
    )


@st.composite
def marks(draw, shown: Shown):
    """Any marks in the texts shown, overlapping or not, and relations between them."""
    labels = {label.key: label for label in shown.asked.labels}
    drafts = []
    for _ in range(draw(st.integers(0, 4))):
        item = draw(st.sampled_from(range(len(shown.items))))
        text = shown.texts[item].stored
        start, end = sorted(
            (draw(st.integers(0, len(text))), draw(st.integers(0, len(text))))
        )
        kind = "omission" if start == end else "span"
        drafts.append(
            MarkDraft(
                item=item,
                start=start,
                end=end,
                quote=text[start:end],
                label=draw(
                    st.sampled_from(
                        [k for k, one in labels.items() if one.kind == kind]
                    )
                ),
                severity=draw(st.sampled_from(SpanMark.Severity.values)),
                suggestion=draw(st.one_of(st.just(""), nfc_text())),
                assertions=tuple(
                    draw(
                        st.lists(
                            st.sampled_from(SpanMark.Assertion.values), unique=True
                        )
                    )
                ),
                **draw(
                    st.sampled_from([{}, {"code_system": "ICD-10", "code": "M25.5"}])
                ),
            )
        )
    if len(drafts) > 1 and draw(st.booleans()):
        relation = (1, draw(st.sampled_from(SpanRelation.Kind.values)))
        drafts[0] = _with(drafts[0], relations=(relation,))
    return tuple(drafts)


def _with(draft: MarkDraft, **fields) -> MarkDraft:
    kept = {name: getattr(draft, name) for name in MarkDraft.__slots__}
    return MarkDraft(**kept | fields)


@st.composite
def answers(draw, shown: Shown):
    """Any complete answer to what is shown, in canonical terms."""
    asked = shown.asked
    ratings: dict[Place, Value] = {}
    for item in range(len(shown.items)):
        for one in asked.criteria:
            if is_asked(one, ratings, item=item) and (
                one.is_required or draw(st.booleans())
            ):
                ratings[Place(one.key, item)] = draw(values(one, n_turns=asked.n_turns))
    for turn in range(1, asked.n_turns + 1):
        for one in asked.per_turn:
            ratings[Place(one.key, 0, turn)] = draw(values(one, n_turns=asked.n_turns))
    steps = st.sampled_from([("a", 1), ("a", 2), ("b", 1), ("b", 2), ("tie", 0)])
    compared = st.one_of(
        steps, st.sampled_from([("not_applicable", 0), ("outside_practice", 0)])
    )
    correction = draw(st.one_of(st.none(), nfc_text()))
    outcome, strength = None, 0
    if asked.has_preference:
        outcome, strength = draw(steps)
    return Answer(
        ratings=ratings,
        comparisons={one.key: Comparison(*draw(compared)) for one in asked.compared},
        outcome=outcome,
        strength=strength,
        reasons=tuple(draw(st.sampled_from([(), ("tone",), ("safety", "clarity")])))
        if asked.has_preference
        else (),
        ranks=draw(rankings(len(shown.items))) if asked.has_ranking else (),
        verdicts={
            (item, point.uid): draw(st.sampled_from(VERDICTS[point.kind]))
            for item in range(len(shown.items))
            for point in asked.all_points
        },
        marks=draw(marks(shown)) if asked.has_marks else (),
        corrections={draw(st.sampled_from(range(len(shown.items)))): correction}
        if correction
        else {},
        is_fit_as_is=asked.has_correction and not correction,
        comment=draw(st.one_of(st.just(""), nfc_text())),
        knows_model=draw(st.booleans()),
    )


@st.composite
def rankings(draw, n_items: int):
    """Places as in sport: tied items share one, and as many after it stay empty."""
    drawn = [draw(st.integers(1, n_items)) for _ in range(n_items)]
    return tuple(1 + sum(other < one for other in drawn) for one in drawn)
