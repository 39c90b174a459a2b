"""The page on which leads note that consent was taken back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from exports.consent_forms import WithdrawConsentForm
from exports.consent_selectors import withdrawals_of
from exports.consents import withdraw_consent
from feedback.accounts.access import access
from feedback.accounts.permissions import Verb
from feedback.accounts.requests import PersonRequest
from feedback.common import clock
from feedback.studies.models import Study
from feedback.studies.selectors import access_study

_SHOWN = 200


@access(Verb.SNAPSHOT_SEAL)
@require_http_methods(["GET", "HEAD", "POST"])
def consent_withdrawal_list(request: PersonRequest, uid: UUID) -> HttpResponse:
    """Whose consent was taken back; POST takes another one back, for good."""
    study = access_study(request.user, uid, Verb.SNAPSHOT_SEAL)
    if request.method != "POST":
        return _page(request, study, WithdrawConsentForm(study=study))
    form = WithdrawConsentForm(request.POST, study=study)
    if not form.is_valid():
        return _page(request, study, form, status=422)
    withdrawn = withdraw_consent(
        study=study,
        prompts=form.prompts,
        source=form.whole_source,
        reason=form.cleaned_data["reason"],
        actor=request.user,
        now=clock.now(),
    )
    messages.success(request, withdrawn.in_words)
    return redirect("consent_withdrawal_list", uid=study.uid)


def _page(
    request: PersonRequest,
    study: Study,
    form: WithdrawConsentForm,
    *,
    status: int = 200,
) -> HttpResponse:
    withdrawals = withdrawals_of(study)
    context = {
        "study": study,
        "form": form,
        "withdrawals": withdrawals[:_SHOWN],
        "n_withdrawals": withdrawals.count(),
    }
    return render(
        request, "exports/consent_withdrawal_list.html", context, status=status
    )
