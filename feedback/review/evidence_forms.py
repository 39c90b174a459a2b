"""From what a browser posts to citations and new editions."""

from datetime import date
from uuid import UUID

from django.http import QueryDict

from feedback.common.exceptions import Invalid
from feedback.common.text import forbidden_character, normalize
from feedback.review.deciding import Citation
from feedback.review.evidence import NewEdition
from feedback.review.models import EvidenceEdition, EvidenceSource
from feedback.studies.models import Study

N_ROWS = 3
_LONGEST = {
    "title": 300,
    "publisher": 200,
    "url": 500,
    "edition": 100,
    "locator": 200,
    "quote": 2000,
}
_NEW = ("title", "publisher", "url", "edition", "published_on")
Problems = dict[str, str]


def citations_from(
    post: QueryDict, study: Study, problems: Problems
) -> tuple[Citation, ...]:
    """What a verdict cites; what is wrong is put into `problems`, by field."""
    found = []
    for row in range(N_ROWS):
        prefix = f"evidence-{row}"
        locator = _text(post, f"{prefix}-locator", problems)
        quote = _text(post, f"{prefix}-quote", problems)
        given = post.get(f"{prefix}-edition", "")
        edition = _edition(given, study)
        if edition is not None:
            found.append(Citation(edition, locator, quote))
        elif given or locator or quote:
            problems[f"{prefix}-edition"] = "Choose the edition that this is from."
    locator = _text(post, "new-locator", problems)
    quote = _text(post, "new-quote", problems)
    if is_new_given(post) or locator or quote:
        new = new_edition_from(post, problems)
        if new is not None:
            found.append(Citation(new, locator, quote))
    return tuple(found)


def is_new_given(post: QueryDict) -> bool:
    """Whether anything was written down about a new source or edition."""
    return any(post.get(f"new-{name}", "").strip() for name in _NEW)


def new_edition_from(
    post: QueryDict, problems: Problems, *, source: EvidenceSource | None = None
) -> NewEdition | None:
    """A new edition as typed; None, and `problems`, if something is missing or wrong.

    Args:
        post: the fields, each with `new-` in front.
        problems: gets a message per field.
        source: whose edition it is, where only the edition is asked for.
    """
    before = len(problems)
    texts = {name: _text(post, f"new-{name}", problems) for name in _NEW[:4]}
    kind = post.get("new-kind", "")
    if source is not None:
        texts |= {"title": source.title, "publisher": source.publisher}
        kind = source.kind
    if not texts["title"]:
        problems["new-title"] = "Give the title."
    if kind not in EvidenceSource.Kind.values:
        problems["new-kind"] = "Choose what it is."
    if not texts["edition"]:
        problems["new-edition"] = "Give the edition, e.g. its year or number."
    published_on = _date(post.get("new-published_on", ""), problems)
    if published_on is None or len(problems) > before:
        return None
    return NewEdition(kind=kind, published_on=published_on, **texts)


def at_form(error: Invalid) -> Invalid:
    """The same refusal, with the fields of a new edition as the forms call them."""
    names = {*_NEW, "kind"}
    fields = {
        f"new-{name}" if name in names else name: text
        for name, text in error.fields.items()
    }
    return Invalid(error.message, next_step=error.next_step, fields=fields)


def edition_in(post: QueryDict, name: str, study: Study) -> EvidenceEdition | None:
    """The edition of a study that a field names; None if it names none."""
    return _edition(post.get(name, ""), study)


def _edition(uid: str, study: Study) -> EvidenceEdition | None:
    try:
        wanted = UUID(uid)
    except ValueError:
        return None
    return (
        EvidenceEdition.objects.filter(uid=wanted, source__study=study)
        .select_related("source")
        .first()
    )


def _text(post: QueryDict, name: str, problems: Problems) -> str:
    text = normalize(post.get(name, "")).strip()
    longest = _LONGEST[name.rpartition("-")[2]]
    if len(text) > longest:
        problems[name] = f"It has {len(text):,} characters; {longest:,} fit."
    elif found := forbidden_character(text):
        problems[name] = f"It holds {found}, which cannot be stored."
    return text


def _date(text: str, problems: Problems) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        problems["new-published_on"] = "Give the day, as year-month-day: 2024-03-01."
    return None
