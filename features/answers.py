"""Answers of the discovery call, coarsened to yes, no and unclear: free text must never become a level.

A sum, a date or a quantity ("50k", "Q3") is a yes: there is a budget, there is a date.
"""

import narwhals.stable.v2 as nw

ANSWER_CODES = {"unclear": 0, "no": 1, "yes": 2}
_UNCLEAR = (
    r"^$|^\?|^(?:n/?a|nc|tbd|tbc|unknown|unclear|inconnue?s?|maybe|perhaps|peut[ -]|pending|not sure|not known|"
    r"not communicated|not disclosed|not yet known|don.?t know|"
    r"non communiqu|non d[eé]fini|non pr[eé]cis|non renseign|ne sai|"
    r"ne se prononce|nsp|to be |[aà] (?:confirmer|d[eé]finir|voir|pr[eé]ciser|d[eé]terminer)|en cours|"
    r"in progress|ind[eé]cis|incertain|pas s[uû]r|"
    r"ca d[eé]pend|[cç]a d[eé]pend|it depends|sais pas|je ne sais)(?:$|[^0-9])"
)
_NO = (
    r"^(?:no|non|none|n|not|never|nothing|false|faux|aucune?|pas|jamais|rien|sans|without|refus[a-zé]*|insuffisante?|insufficient|"
    r"0+(?:[.,]0+)?)(?:$|[^a-zé0-9])"
)
_YES = (
    r"^(?:yes|y|oui|o|ok|true|vrai|confirm[a-zé]*|valid[a-zé]*|identif[a-zé]*|known|connue?|approved|approuv[a-zé]*|d[eé]fined?|"
    r"d[eé]fini[a-zé]*|established|available|disponible|allocated|allou[a-zé]*|secured|obtenue?|done|met|clear|claire?)"
    r"(?:$|[^a-zé])|[1-9]"
)


def coarse_answer(plain: nw.Expr) -> nw.Expr:
    """Return the code of an answer as `plain_text`, see `ANSWER_CODES`; what no word tells is unclear.

    Examples
    --------
    >>> import polars as pl
    >>> from features.frames import plain_text
    >>> said = ["Oui, validé", "50k", "no budget", "Pas de budget", "0", "à confirmer", "Mme Durand décide", None]
    >>> frame = nw.from_native(pl.DataFrame({"a": said}))
    >>> codes = frame.select(a=coarse_answer(plain_text(nw.col("a"))))["a"].to_list()
    >>> names = {code: name for name, code in ANSWER_CODES.items()}
    >>> [names[code] for code in codes]
    ['yes', 'yes', 'no', 'no', 'no', 'unclear', 'unclear', 'unclear']
    """
    code: nw.Expr = (
        nw.when(plain.str.contains(_YES)).then(nw.lit(ANSWER_CODES["yes"])).otherwise(nw.lit(ANSWER_CODES["unclear"]))
    )
    code = nw.when(plain.str.contains(_NO)).then(nw.lit(ANSWER_CODES["no"])).otherwise(code)
    return nw.when(plain.str.contains(_UNCLEAR)).then(nw.lit(ANSWER_CODES["unclear"])).otherwise(code)
