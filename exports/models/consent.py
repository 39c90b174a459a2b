"""Consent that was taken back: what it covers leaves no house any more."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from feedback.accounts.models import Rater
from feedback.common.guards import said
from feedback.common.models import Identified
from feedback.corpus.models import Prompt, Source


class ConsentWithdrawal(Identified):
    """Somebody no longer agrees that their words, or words about them, are used.

    About a prompt (a patient), a source (its owner) or a rater (a clinician). It holds
    for every snapshot that is sealed afterwards, in every study.
    """

    prompt = models.ForeignKey(
        Prompt,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="consent_withdrawals",
    )
    source = models.ForeignKey(
        Source,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="consent_withdrawals",
    )
    rater = models.ForeignKey(
        Rater,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="consent_withdrawals",
    )
    reason = models.CharField(max_length=300)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(prompt__isnull=False, source=None, rater=None)
                | Q(prompt=None, source__isnull=False, rater=None)
                | Q(prompt=None, source=None, rater__isnull=False),
                name="consent_is_of_prompt_xor_source_xor_rater",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="consent_withdrawal_says_why"
            ),
        ]
        triggers = said()

    def __str__(self) -> str:
        return f"consent withdrawn: {self.reason}"
