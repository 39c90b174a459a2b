"""The leaderboard report: votes between completions, and what models they speak for.

From the base wave alone: a policy asks more about pairs that divide raters, and these
would count more often than others. Votes on a text that named its maker are left out.
"""

from typing import Any

import numpy as np

from feedback.corpus.models import ModelVersion
from feedback.quality.arrays import (
    NEITHER,
    TIE,
    A,
    B,
    PreferenceColumns,
    preference_columns,
)
from feedback.quality.columns import NONE
from feedback.quality.computing import Computation, Content, input_sha256
from feedback.quality.epochs import Epoch
from feedback.quality.numbers import stored
from feedback.stats.arrays import BoolArray
from feedback.stats.preference import fit_davidson, leaderboard
from feedback.stats.proportions import Share, wilson
from feedback.studies.models import Study

Row = dict[str, Any]


def leaderboard_computation(study: Study, epoch: Epoch) -> Computation:
    """What the leaderboard is computed from, and how."""
    preferences = preference_columns(study, epoch)
    keys = np.unique(np.concatenate([preferences["model_a"], preferences["model_b"]]))
    names = dict(
        ModelVersion.objects.filter(
            pk__in=[int(key) for key in keys if key != NONE]
        ).values_list("pk", "name")
    )

    def compute() -> Content:
        overall = preferences.is_overall & preferences.is_base
        return {"votes": votes_row(preferences, overall)} | _ranked(
            preferences, overall, names
        )

    context = sorted(names.items())
    return Computation(input_sha256(preferences.columns, context=context), compute)


def votes_row(preferences: PreferenceColumns, overall: BoolArray) -> Row:
    """How raters vote, whatever the models: ties, neither, and the side they take."""
    outcome = preferences["outcome"][overall]
    decisive = (outcome == A) | (outcome == B)
    stood_left = preferences["a_stood_left"][overall] == 1
    left_won = decisive & ((outcome == A) == stood_left)
    return {
        "n": len(outcome),
        "n_raters": len(np.unique(preferences["rater"][overall])),
        "n_decisive": int(decisive.sum()),
        "n_tie": int((outcome == TIE).sum()),
        "n_neither": int((outcome == NEITHER).sum()),
        "left": share_row(wilson(int(left_won.sum()), int(decisive.sum()))),
    }


def share_row(share: Share) -> Row:
    """A share with its interval."""
    return {
        "n": share.n,
        "share": stored(share.share),
        "low": stored(share.low),
        "high": stored(share.high),
    }


def _ranked(
    preferences: PreferenceColumns, overall: BoolArray, names: dict[int, str]
) -> Content:
    first, second = preferences["model_a"], preferences["model_b"]
    blind = preferences["is_unblinded"] == 0
    known = overall & (first != NONE) & (second != NONE) & (first != second)
    rows = known & blind & (preferences["outcome"] != NEITHER)
    counted = {
        "n_unblinded": int((known & ~blind).sum()),
        "n_one_model": int((overall & ~known).sum()),
    }
    if not rows.any():
        return {"models": [], "side": None, **counted}
    systems = np.unique(np.concatenate([first[rows], second[rows]]))
    raters = np.unique(preferences["rater"][rows])
    fit = fit_davidson(
        np.searchsorted(systems, first[rows]),
        np.searchsorted(systems, second[rows]),
        preferences["outcome"][rows],
        rater=np.searchsorted(raters, preferences["rater"][rows]),
        first_stood_left=preferences["a_stood_left"][rows] == 1,
        n_systems=len(systems),
    )
    low, high = fit.side_interval()
    return {
        "models": [
            {
                "model": names[int(systems[one.system])],
                "strength": stored(one.strength),
                "se": stored(one.standard_error),
                "strength_low": stored(one.low),
                "strength_high": stored(one.high),
                "n_votes": int(one.n_votes),
            }
            for one in leaderboard(fit)
        ],
        "side": {"value": stored(fit.side), "low": stored(low), "high": stored(high)},
        **counted,
    }
