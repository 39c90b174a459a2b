"""The quality dashboards of a study, live, and as files."""

from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from feedback.accounts.access import access
from feedback.accounts.models import Rater, User
from feedback.accounts.permissions import Role, Verb, may
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import Forbidden, NotVisible
from feedback.common.hashing import json_sha256
from feedback.quality.blocks import Block
from feedback.quality.consensus_items import items_of_question
from feedback.quality.dashboards import TABS, Look, Tab
from feedback.quality.epochs import Epoch, epochs_of
from feedback.quality.pairs import pairs_table
from feedback.quality.prices import price_from
from feedback.quality.report_versions import report_version
from feedback.quality.selectors import fingerprint_of
from feedback.quality.task_answers import answers_of
from feedback.studies.models import Study
from feedback.studies.selectors import access_study

_ITEMS_A_PAGE = 100


@dataclass(frozen=True)
class _Shown:
    """A block in the page, with what it needs to ask for itself again."""

    key: str
    tab: Tab
    block: Block
    version: str


@access(Verb.QUALITY_SEE)
@require_safe
def quality(request: PersonRequest, uid: UUID) -> HttpResponse:
    """The first page: progress and agreement, and the way to the other blocks."""
    study = access_study(request.user, uid, Verb.QUALITY_SEE)
    epochs, epoch = _epochs(request, study)
    look = _look(request, study, epoch)
    shown = [_show(look, key) for key, tab in TABS.items() if tab.is_first]
    context = _context(request.user, study, epochs, epoch) | {"shown": shown}
    return render(request, "quality/quality_detail.html", context)


@access(Verb.QUALITY_SEE)
@require_safe
def quality_block(request: PersonRequest, uid: UUID, key: str) -> HttpResponse:
    """One block: a page, or its fragment; 204 if nothing happened since `seen`."""
    study = access_study(request.user, uid, Verb.QUALITY_SEE)
    _tab(key)
    epochs, epoch = _epochs(request, study)
    look = _look(request, study, epoch)
    if request.htmx and request.GET.get("seen") == _version(look, key):
        return HttpResponse(status=204)
    context = _context(request.user, study, epochs, epoch) | {
        "one": _show(look, key),
        "key": key,
        "price": look.price,
    }
    name = "quality/_block.html" if request.htmx else "quality/block_detail.html"
    response = render(request, name, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@access(Verb.QUALITY_SEE)
@require_safe
def quality_csv(
    request: PersonRequest, uid: UUID, key: str, table: str
) -> HttpResponse:
    """A table of a block as CSV, with unrounded numbers."""
    study = access_study(request.user, uid, Verb.QUALITY_SEE)
    _tab(key)
    _, epoch = _epochs(request, study)
    found = _make(_look(request, study, epoch), key).table(table)
    if found is None:
        raise NotVisible
    return _as_file(found.as_csv(), name=f"{key}-{table}")


@access(Verb.QUALITY_SEE)
@require_safe
def quality_pairs(request: PersonRequest, uid: UUID, question: str) -> HttpResponse:
    """How each two raters agree on one question; `as=csv` gives the file."""
    study = access_study(request.user, uid, Verb.QUALITY_SEE)
    epochs, epoch = _epochs(request, study)
    found = pairs_table(study, epoch, question) if epoch else None
    if found is None:
        raise NotVisible
    if request.GET.get("as") == "csv":
        return _as_file(found.table.as_csv(), name=f"pairs-{question}")
    context = _context(request.user, study, epochs, epoch) | {"found": found}
    return render(request, "quality/pairs_detail.html", context)


@access(Verb.QUALITY_SEE)
@require_safe
def quality_items(request: PersonRequest, uid: UUID, question: str) -> HttpResponse:
    """What each item of a question settled on, by pages; `as=csv` gives the file.

    Raises:
        Forbidden: to somebody who rates in the study too.
    """
    study = _study_with_answers(request.user, uid)
    epochs, epoch = _epochs(request, study)
    found = items_of_question(study, epoch, question) if epoch else None
    if found is None:
        raise NotVisible
    if request.GET.get("as") == "csv":
        return _as_file(found.as_csv(), name=f"consensus-{question}")
    pages = Paginator(found.rows, _ITEMS_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = _context(request.user, study, epochs, epoch) | {
        "found": found,
        "page": page,
        "table": found.table(list(page)),
    }
    return render(request, "quality/items_detail.html", context)


@access(Verb.QUALITY_SEE)
@require_safe
def quality_task(request: PersonRequest, uid: UUID, task_uid: UUID) -> HttpResponse:
    """What raters answered to one task, by letters; for lead and auditor.

    Raises:
        Forbidden: to somebody who rates in the study too.
    """
    study = _study_with_answers(request.user, uid)
    answers = answers_of(study, task_uid)
    context = {"study": study, "answers": answers}
    return render(request, "quality/task_detail.html", context)


def _study_with_answers(user: User, uid: UUID) -> Study:
    """A study of which a person may see single answers."""
    study = access_study(user, uid, Verb.QUALITY_SEE)
    if not may(user, Verb.ADJUDICATION_SEE, study):
        raise NotVisible
    if _rates_in(user, study):
        raise Forbidden(
            "You rate in this study, so others' answers are not shown to you.",
            next_step="Ask another lead or an auditor to look.",
        )
    return study


def _tab(key: str) -> Tab:
    if key not in TABS:
        raise NotVisible
    return TABS[key]


def _epochs(
    request: HttpRequest, study: Study
) -> tuple[tuple[Epoch, ...], Epoch | None]:
    """The epochs, and the one asked for: the newest if none is."""
    epochs = epochs_of(study)
    asked = request.GET.get("epoch")
    if asked is None:
        return epochs, epochs[0] if epochs else None
    found = next((one for one in epochs if str(one.number) == asked), None)
    if found is None:
        known = ", ".join(str(one.number) for one in epochs) or "none yet"
        raise NotVisible(
            f"No numbers begin with guideline version {asked[:20]!r}; there are those "
            f"that begin with: {known}."
        )
    return epochs, found


def _rates_in(user: User, study: Study) -> bool:
    return Role.RATER in study.roles_of(user.pk)


def _pseudonym(user: User) -> str:
    found = Rater.objects.filter(user=user).values_list("pseudonym", flat=True)
    return found.first() or ""


def _look(request: PersonRequest, study: Study, epoch: Epoch | None) -> Look:
    user = request.user
    rates = _rates_in(user, study)
    return Look(
        study=study,
        epoch=epoch,
        rater=_pseudonym(user) if rates else None,
        may_see_answers=not rates and may(user, Verb.ADJUDICATION_SEE, study),
        price=price_from(request.GET),
        code_version=report_version(),
        now=clock.now(),
    )


def _make(look: Look, key: str) -> Block:
    return TABS[key].make(look, look.epoch) if look.epoch else Block()


def _version(look: Look, key: str) -> str:
    """Changes when the block could; cheap to ask."""
    epoch = look.epoch.version_ids if look.epoch else ()
    state = [fingerprint_of(look.study), list(epoch), look.code_version, key]
    return json_sha256(state)[:16]


def _show(look: Look, key: str) -> _Shown:
    version = _version(look, key)
    return _Shown(key=key, tab=TABS[key], block=_make(look, key), version=version)


def _context(
    user: User, study: Study, epochs: tuple[Epoch, ...], epoch: Epoch | None
) -> dict[str, object]:
    return {
        "study": study,
        "epochs": epochs,
        "epoch": epoch,
        "tabs": TABS,
        "may_see_causes": may(user, Verb.ADJUDICATION_SEE, study),
    }


def _as_file(text: str, *, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=f"{name}.csv"
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response
