"""Second implementations: plain, slow, written from the definitions, for comparison.

Ratings are a list of items; an item is a list of values, one for each of its raters.
"""

from itertools import combinations, permutations


def alpha(items, distance):
    """Krippendorff (2011), from all pairs of values: 1 - D_observed / D_expected."""
    paired = [item for item in items if len(item) > 1]
    pool = [value for item in paired for value in item]
    n = len(pool)
    observed = sum(
        sum(distance(a, b) for a, b in permutations(item, 2)) / (len(item) - 1)
        for item in paired
    )
    expected = sum(distance(a, b) for a, b in permutations(pool, 2)) / (n - 1)
    return 1 - observed / expected if expected else None


def ordinal_distance(items):
    """Krippendorff's ordinal metric, from the pool of pairable values."""
    pool = [value for item in items if len(item) > 1 for value in item]

    def distance(a, b):
        low, high = min(a, b), max(a, b)
        between = sum(low <= value <= high for value in pool)
        return (between - (pool.count(low) + pool.count(high)) / 2) ** 2

    return distance


def gwet(items, values, weight):
    """Gwet (2014), chapter 4, equations for missing ratings."""
    rated = [item for item in items if item]
    paired = [item for item in rated if len(item) > 1]
    if not paired:
        return None
    shares = [
        sum(weight(a, b) for a, b in permutations(item, 2))
        / (len(item) * (len(item) - 1))
        for item in paired
    ]
    observed = sum(shares) / len(shares)
    used = {k: sum(i.count(k) / len(i) for i in rated) / len(rated) for k in values}
    total = sum(weight(a, b) for a in values for b in values)
    q = len(values)
    chance = total / (q * (q - 1)) * sum(p * (1 - p) for p in used.values())
    return (observed - chance) / (1 - chance)


def share_of_pairs(items, agree):
    """Mean over items of the share of pairs of raters that agree."""
    shares = [
        sum(agree(a, b) for a, b in pairs) / len(pairs)
        for item in items
        if (pairs := list(combinations(item, 2)))
    ]
    return sum(shares) / len(shares) if shares else None


def kappa(pairs, values, weight):
    """Cohen (1968), from two raters' values on each item."""
    n = len(pairs)
    observed = sum(weight(a, b) for a, b in pairs) / n
    firsts, seconds = [a for a, _ in pairs], [b for _, b in pairs]
    expected = sum(
        weight(a, b) * firsts.count(a) * seconds.count(b) / n**2
        for a in values
        for b in values
    )
    return (observed - expected) / (1 - expected) if 1 - expected > 1e-12 else None
