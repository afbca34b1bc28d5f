"""The certificate in one sentence, in English and French."""

from datetime import UTC, datetime

from features.language import Language, colon, lower_first, number, percent
from models.certificate import Certificate, Verdict
from models.segments import ALL

_MONTHS: dict[Language, str] = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
_SENTENCES: dict[Language, dict[str, str]] = {
    "en": {
        "": "Certified on {n} leads {when}: promised {promised}, happened {happened} ({low} to {high}).",
        "level": "Not certified: promised {promised}, happened {happened} ({low} to {high}), on {n} leads {when}.",
        "bin": (
            "Not certified: of the leads that were promised {stated}, {observed} were won ({bin_low} to {bin_high}), "
            "on {n} leads {when}."
        ),
        "extreme": (
            "Not certified: high percentages are too high and low ones too low, on {n} leads {when} "
            "(promised {promised} on average, happened {happened})."
        ),
        "timid": (
            "Not certified: high percentages are too low and low ones too high, on {n} leads {when} "
            "(promised {promised} on average, happened {happened})."
        ),
        "off": (
            "Not certified: the percentages miss, and {n} leads {when} do not tell by how much (promised {promised}, "
            "happened {happened}, {low} to {high})."
        ),
        "few": (
            "Not certified: {n} leads {when}, {won} of them won, are too few to tell whether percentages are right "
            "(promised {promised}, happened {happened}, {low} to {high})."
        ),
        "instead": "Rank and band are shown instead of percentages until the next recalibration.",
        "later": "Rank and band are shown instead of percentages until more leads have their outcome.",
    },
    "fr": {
        "": "Certifié sur {n} leads {when}\u00a0: {promised} promis, {happened} réalisés (de {low} à {high}).",
        "level": (
            "Non certifié\u00a0: {promised} promis, {happened} réalisés (de {low} à {high}), sur {n} leads {when}."
        ),
        "bin": (
            "Non certifié\u00a0: parmi les leads annoncés à {stated}, {observed} ont été gagnés "
            "(de {bin_low} à {bin_high}), sur {n} leads {when}."
        ),
        "extreme": (
            "Non certifié\u00a0: les pourcentages hauts sont trop hauts et les bas trop bas, sur {n} leads {when} "
            "({promised} promis en moyenne, {happened} réalisés)."
        ),
        "timid": (
            "Non certifié\u00a0: les pourcentages hauts sont trop bas et les bas trop hauts, sur {n} leads {when} "
            "({promised} promis en moyenne, {happened} réalisés)."
        ),
        "off": (
            "Non certifié\u00a0: les pourcentages s'écartent de la réalité, et {n} leads {when} ne disent pas de "
            "combien ({promised} promis, {happened} réalisés, de {low} à {high})."
        ),
        "few": (
            "Non certifié\u00a0: {n} leads {when}, dont {won} gagnés, ne suffisent pas à dire si les pourcentages sont "
            "justes ({promised} promis, {happened} réalisés, de {low} à {high})."
        ),
        "instead": "Le rang et la classe remplacent les pourcentages jusqu'au prochain recalibrage.",
        "later": "Le rang et la classe remplacent les pourcentages tant que trop peu de leads ont une issue.",
    },
}
_WHEN: dict[Language, tuple[str, str, str]] = {
    "en": (
        "as they stood in {last}",
        "as they stood between {first} and {last}",
        "drawn at random (nothing was tested on the future)",
    ),
    "fr": (
        "tels qu'ils étaient en {last}",
        "tels qu'ils étaient entre {first} et {last}",
        "tirés au hasard (rien n'a été testé sur l'avenir)",
    ),
}


def sentence(certificate: Certificate, language: Language, segment: str = ALL) -> str:
    """Say whether percentages of a segment are certified, on which leads, and what is shown if not.

    Parameters
    ----------
    certificate : Certificate
        Of the model.
    language : {"en", "fr"}
        Language of the sentence.
    segment : str
        One that the certificate has a verdict on.

    Returns
    -------
    str

    Examples
    --------
    >>> bins = ({"stated": 0.1, "observed": 0.2, "low": 0.15, "high": 0.25, "off": True},)
    >>> off = Verdict("fail", "bin", 900, 400, 60, 0.1, 0.1, 0.08, 0.12, 0.0, -0.1, 0.1, 0.0, bins)
    >>> sentence(Certificate({"all": off}, True, 1_780_272_000, 1_782_864_000, 0.3, 0.9), "en")
    'Not certified: of the leads that were promised 10%, 20% were won (15 to 25%), on 400 leads as they stood between
    June and July 2026. Rank and band are shown instead of percentages until the next recalibration.'
    """
    verdict, words = certificate.verdicts[segment], _SENTENCES[language]
    cause: str = verdict.cause
    if cause == "spread":
        cause = "extreme" if verdict.spread < 0 else "timid"
    told = words[cause].format(
        n=number(verdict.n_leads, language),
        won=number(verdict.n_won, language),
        when=_when(certificate, language),
        **_shares(verdict, language),
    )
    if verdict.word != "pass" and not certificate.certified(segment):
        told += " " + words["later" if cause == "few" else "instead"]
    # A segment that is judged with a certified whole shows percentages.
    return told if segment == ALL else colon(segment, lower_first(told), language)


def _shares(verdict: Verdict, language: Language) -> dict[str, str]:
    worst = verdict.worst or {"stated": 0.0, "observed": 0.0, "low": 0.0, "high": 0.0}
    whole = {"promised": verdict.promised, "happened": verdict.happened, "high": verdict.high}
    part = {"stated": worst["stated"], "observed": worst["observed"], "bin_high": worst["high"]}
    lows = {"low": verdict.low, "bin_low": worst["low"]}
    return {name: percent(value, language) for name, value in (whole | part).items()} | {
        name: number(round(100 * value, 1), language) for name, value in lows.items()
    }


def _when(certificate: Certificate, language: Language) -> str:
    one, two, none = _WHEN[language]
    if not certificate.forward:
        return none
    first, last = (datetime.fromtimestamp(at, UTC) for at in (certificate.first_cutoff, certificate.last_cutoff))
    months = _MONTHS[language].split()
    same_year = first.year == last.year
    start = months[first.month - 1] + ("" if same_year else f" {first.year}")
    end = f"{months[last.month - 1]} {last.year}"
    return one.format(last=end) if same_year and first.month == last.month else two.format(first=start, last=end)
