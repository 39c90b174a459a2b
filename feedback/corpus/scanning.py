"""Looking completions through for the name of their maker, before anybody sees them."""

from collections.abc import Iterable

from feedback.corpus.identity import SCANNER_VERSION, find_leaks
from feedback.corpus.models import Completion, IdentityScan, ModelVersion


def scan_completions(completion_ids: Iterable[int]) -> int:
    """Scan those of the completions that this version of the scanner has not seen.

    Safe to repeat and to run twice at once.

    Returns:
        How many were looked through.
    """
    unseen = (
        Completion.objects.filter(pk__in=list(completion_ids))
        .exclude(identity_scans__scanner_version=SCANNER_VERSION)
        .only("pk", "content")
        .order_by("pk")
    )
    names = list(ModelVersion.objects.values_list("name", flat=True))
    scans = [
        IdentityScan(
            completion=completion,
            scanner_version=SCANNER_VERSION,
            leaks=[
                {"start": leak.start, "end": leak.end, "name": leak.name}
                for leak in find_leaks(completion.content, model_names=names)
            ],
        )
        for completion in unseen.iterator()
    ]
    IdentityScan.objects.bulk_create(scans, ignore_conflicts=True, batch_size=1000)
    return len(scans)
