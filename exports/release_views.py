"""Releases on pages: prepare, sign twice, see what was withdrawn since."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from exports.comparisons import KINDS, request_comparison
from exports.manifest import SIGNATURE
from exports.minisign import PublicKey
from exports.models import Release, SigningKey
from exports.release_forms import ReleaseForm, SignForm, WithdrawForm
from exports.release_selectors import (
    access_release,
    compared_parts,
    people_who_sign,
    releases_of,
    sealed_before,
    snapshot_to_compare,
    why_not_sign,
    withdrawn_rows,
)
from exports.releases import (
    MEANINGS,
    comparison_with_newest,
    prepare_release,
    proposal_for,
    sign_release,
    withdraw_release,
)
from exports.selectors import access_snapshot
from exports.signing_keys import remember_key, signing_key
from feedback.accounts.access import access, signed_in
from feedback.accounts.permissions import Verb, may
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.common.exceptions import NotVisible
from feedback.studies.selectors import access_study

_TOMBSTONES_SHOWN = 100


@access(Verb.RELEASE_SEE)
@require_safe
def release_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A study's releases, the newest first."""
    study = access_study(request.user, uid, Verb.RELEASE_SEE)
    context = {
        "study": study,
        "releases": releases_of(study),
        "may_pull": may(request.user, Verb.SNAPSHOT_PULL, study),
    }
    return render(request, "exports/release_list.html", context)


@access(Verb.RELEASE_PREPARE)
@require_http_methods(["GET", "HEAD", "POST"])
def release_create(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Prepare a release of a snapshot, once it is known what changed."""
    snapshot = access_snapshot(request.user, uid, Verb.RELEASE_PREPARE)
    standing = snapshot.releases.filter(withdrawn_at=None).first()
    if standing is not None and request.method != "POST":
        return redirect("release_detail", uid=standing.uid)
    proposal = proposal_for(snapshot) if snapshot.sealed_at else None
    form = None
    if proposal is not None:
        posted = request.POST if request.method == "POST" else None
        form = ReleaseForm(posted, proposal=proposal)
        if posted is not None and form.is_valid():
            release = prepare_release(
                snapshot=snapshot,
                version=form.cleaned_data["version"],
                notes=form.cleaned_data["notes"],
                actor=request.user,
            )
            return redirect("release_detail", uid=release.uid)
    comparison = comparison_with_newest(snapshot) if snapshot.sealed_at else None
    context = {
        "snapshot": snapshot,
        "study": snapshot.study,
        "form": form,
        "comparison": comparison,
        "parts": compared_parts(comparison) if comparison else [],
        "kinds": KINDS,
    }
    status = 422 if request.method == "POST" else 200
    name = "_release_form" if request.htmx else "release_create"
    response = render(request, f"exports/{name}.html", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


@access(Verb.RELEASE_SEE)
@never_cache
@require_safe
def release_detail(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A release: who signed, with which key, and what was withdrawn since."""
    release = access_release(request.user, uid, Verb.RELEASE_SEE)
    return _page(request, release)


def _page(
    request: PersonRequest,
    release: Release,
    *,
    sign: SignForm | None = None,
    withdraw: WithdrawForm | None = None,
) -> HttpResponse:
    """The page, with the form that was refused if one was."""
    user = request.user
    signoffs = list(release.signoffs.all())
    why_not = why_not_sign(user, release)
    if not why_not and sign is None:
        sign = SignForm(request, user=user, now=clock.now())
    may_withdraw = may(user, Verb.RELEASE_PREPARE, release) and not release.withdrawn_at
    rows = withdrawn_rows(release)
    context = {
        "release": release,
        "study": release.study,
        "signoffs": signoffs,
        "meaning": MEANINGS.get(len(signoffs) + 1, ""),
        "why_not_sign": why_not,
        "others": people_who_sign(release.study, but=[s.signer_id for s in signoffs])
        if release.is_waiting
        else [],
        "sign_form": sign,
        "withdraw_form": withdraw or (WithdrawForm() if may_withdraw else None),
        "withdrawn": rows,
        "n_withdrawn": sum(row.n_rows for row in rows),
        "tombstones": release.tombstones.order_by("-pk")[:_TOMBSTONES_SHOWN],
        "may_pull": may(user, Verb.SNAPSHOT_PULL, release),
        "signature_name": SIGNATURE,
    }
    is_refused = any(form is not None and form.is_bound for form in (sign, withdraw))
    status = 422 if is_refused else 200
    return render(request, "exports/release_detail.html", context, status=status)


@access(Verb.RELEASE_SIGN)
@sensitive_post_parameters("password", "link")
@require_POST
def release_sign(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Put your name to a release, after proving again that it is you."""
    release = access_release(request.user, uid, Verb.RELEASE_SIGN)
    now = clock.now()
    form = SignForm(request, request.POST, user=request.user, now=now)
    if not form.is_valid() or form.proof is None:
        return _page(request, release, sign=form)
    sign_release(
        release=release,
        signer=request.user,
        proof=form.proof,
        key=signing_key(text=settings.SIGNING_KEY, file=settings.SIGNING_KEY_FILE),
        directory=settings.EXPORT_DIR,
        now=now,
    )
    if release.state == Release.State.RELEASED:
        messages.success(request, f"Release {release.version} is published and signed.")
    else:
        messages.success(request, "You have signed. Now another person signs.")
    return redirect("release_detail", uid=release.uid)


@access(Verb.RELEASE_PREPARE)
@require_POST
def release_withdraw(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Say that a release must not be used; for good."""
    release = access_release(request.user, uid, Verb.RELEASE_PREPARE)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return _page(request, release, withdraw=form)
    withdraw_release(
        release=release,
        because=form.cleaned_data["because"],
        actor=request.user,
        now=clock.now(),
    )
    messages.success(request, f"Release {release.version} is withdrawn.")
    return redirect("release_detail", uid=release.uid)


@access(Verb.RELEASE_SEE)
@require_safe
def release_signature(request: PersonRequest, uid: UUID) -> HttpResponse:
    """SHA256SUMS.minisig of a release, to lie beside SHA256SUMS."""
    release = access_release(request.user, uid, Verb.RELEASE_SEE)
    if not release.signature:
        raise NotVisible("This release is not signed by two persons yet.")
    return _as_file(release.signature, SIGNATURE)


@signed_in
@require_safe
def signing_key_list(request: PersonRequest) -> HttpResponse:
    """The public keys that releases were signed with, and the one that signs now."""
    now = remember_key(
        signing_key(text=settings.SIGNING_KEY, file=settings.SIGNING_KEY_FILE).public
    )
    keys = SigningKey.objects.order_by("-pk")
    return render(request, "exports/signing_key_list.html", {"keys": keys, "now": now})


@signed_in
@require_safe
def signing_key_file(request: PersonRequest, key_id: str) -> HttpResponse:  # noqa: ARG001
    """A public key as the file that minisign takes."""
    row = SigningKey.objects.filter(key_id=key_id).first()
    if row is None:
        raise NotVisible
    text = PublicKey.from_text(row.public_key).text
    return _as_file(text, f"consilium-{row.key_id}.pub")


def _as_file(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@access(Verb.SNAPSHOT_PULL)
@require_safe
def snapshot_compare(request: PersonRequest, uid: UUID) -> HttpResponse:
    """What changed from another snapshot to this one; asks again until it is known."""
    snapshot = access_snapshot(request.user, uid, Verb.SNAPSHOT_PULL)
    older = snapshot_to_compare(snapshot, request.GET.get("with", ""))
    comparison = request_comparison(snapshot=snapshot, older=older) if older else None
    context = {
        "snapshot": snapshot,
        "study": snapshot.study,
        "older": older,
        "others": sealed_before(snapshot)[:100],
        "comparison": comparison,
        "parts": compared_parts(comparison) if comparison else [],
        "kinds": KINDS,
    }
    name = "_comparison" if request.htmx else "snapshot_compare"
    response = render(request, f"exports/{name}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
