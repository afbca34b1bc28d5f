"""Which features are computed together: a query for each kind costs less to plan than one for all."""

from collections.abc import Sequence

from features.specification import Feature


def by_kind(features: Sequence[Feature]) -> dict[str, list[Feature]]:
    """Features of one kind read the same rows in the same way: they share a query, and different kinds share nothing.

    Examples
    --------
    >>> from features.declare import count
    >>> from features.specification import Did
    >>> did = Did("Replied", "Replies")
    >>> {kind: len(some) for kind, some in by_kind(count("reply", "engagement", days=(7, 30), en=did, fr=did)).items()}
    {'events': 2}
    """
    kinds: dict[str, list[Feature]] = {}
    for feature in features:
        recipe = feature.recipe
        measure, table = ("", "attributes") if recipe is None else (recipe.measure, recipe.source)
        kinds.setdefault(measure if measure in ("days", "sessions") else table, []).append(feature)
    return kinds
