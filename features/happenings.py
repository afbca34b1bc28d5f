"""What happened to a lead, in words: one line of its timeline for each event or signal."""

from collections.abc import Sequence

from features.language import Language, humanise, plain, quoted, times, upper_first
from features.specification import Feature, Source


def happening(type_: str, source: Source, n: int, features: Sequence[Feature], language: Language) -> str:
    """Say what an event or a signal was, with the words of the feature that counts just these.

    Parameters
    ----------
    type_ : str
        Type of the event or signal.
    source : {"events", "signals"}
        Which of the two it is.
    n : int
        How many there were that day.
    features : sequence of Feature
        Where the words are looked for: those of the model, then those that are declared.
    language : {"en", "fr"}
        Language of the words.

    Returns
    -------
    str
        Never the bare type; a type that nobody declared is quoted.

    Examples
    --------
    >>> from features.catalogue import DECLARED
    >>> happening("pricing_view", "events", 3, DECLARED, "en"), happening("hiring", "signals", 1, DECLARED, "fr")
    ('Viewed the pricing page 3 times', "Signal de recrutement dans l'entreprise")
    >>> happening("booth_visit", "events", 1, DECLARED, "en")
    '“booth visit”'
    """
    counting = [
        feature
        for feature in features
        if feature.recipe is not None
        and feature.recipe.source == source
        and feature.recipe.measure == "count"
        and type_ in feature.recipe.types
        and language in feature.words
    ]
    if not counting:
        return _repeated(plain(quoted(humanise(type_).lower(), language)), n, language)
    narrowest = min(counting, key=lambda feature: len(feature.recipe.types) if feature.recipe else 0)
    words = narrowest.words[language]
    if "done" in words:
        return _repeated(plain(words["done"]), n, language)
    return plain(f"{n} {words['many']}" if n > 1 else upper_first(words["one"]))


def _repeated(text: str, n: int, language: Language) -> str:
    return text if n == 1 else f"{text} {times(n, language)}"
