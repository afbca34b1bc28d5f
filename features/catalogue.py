"""The features of a company's data: those declared, one per attribute, a plain set per undeclared type."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from features import engagement, fit, intent
from features.attributes import KNOWN_AT
from features.declare import activity
from features.errors import UseError
from features.language import Language, colon, humanise, plain, quoted, upper_first
from features.specification import Did, Dtype, Family, Feature, Measure, Source, Tally, Words
from features.statements import attribute, column_words, criterion
from features.tables import Attribute, Tables

DECLARED: tuple[Feature, ...] = (*fit.FEATURES, *engagement.FEATURES, *intent.FEATURES)
MOST_UNDECLARED_TYPES = 40
_AUTOMATIC_DAYS = (30, 90, 365)


@dataclass(frozen=True)
class FeatureOptions:
    """What the settings say of features.

    Attributes
    ----------
    families : mapping of str to {"fit", "engagement", "intent"}
        Family of a column; the rest is fit.
    exclude : frozenset of str
        Columns, event types or feature names that must not be used.
    labels : mapping of str to mapping
        ``{"landing_page_id": {"en": "Landing page", "fr": "Page d'arrivée"}}``, for columns and types; a column may
        have a ``unit``, shown after its numbers, of which ``percent`` says that 0.08 is 8%.
    event_types, signal_types, criteria : tuple of str
        Types found in the data, most frequent first; those that nobody declared get counts, recency and words by
        themselves, the first 40 of each table.
    """

    families: Mapping[str, Family] = field(default_factory=dict)
    exclude: frozenset[str] = frozenset()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    event_types: tuple[str, ...] = ()
    signal_types: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()


def catalogue(tables: Tables, options: FeatureOptions | None = None) -> tuple[Feature, ...]:
    """Return every feature that can be computed on these tables.

    Parameters
    ----------
    tables : Tables
        Checked tables; only their names, columns and attributes are looked at.
    options : FeatureOptions, optional
        Families, exclusions, labels, types found in the data.

    Returns
    -------
    tuple of Feature
        Unique names; declared ones first.

    Raises
    ------
    UseError
        If two features end up with one name.

    Examples
    --------
    >>> import narwhals.stable.v2 as nw, pandas as pd
    >>> leads = nw.from_native(pd.DataFrame({"lead_id": ["a"], "emp.var.rate": [1.1]})).lazy()
    >>> tables = Tables({"leads": leads}, (Attribute("leads", "emp.var.rate", "number"),), extracted_at=0)
    >>> [f.name for f in catalogue(tables)]
    ['fit__emp_var_rate']
    """
    options = options or FeatureOptions()
    there = _available(tables)
    narrowed = (_without_excluded(f, options.exclude) for f in DECLARED)
    features = [_in_family(f, options.families) for f in narrowed if f and _computable(f, tables, there)]
    used = {column for f in features if f.recipe for column in f.recipe.columns if column in there}
    features += _automatic_types(tables, options)
    features += _attributes(tables.attributes, used, options, {f.name for f in features})
    names = [f.name for f in features]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise UseError(f"Two features have one name: {', '.join(twice)}. Rename one of their columns or types.")
    return tuple(features)


def _available(tables: Tables) -> frozenset[str]:
    found: set[str] = set()
    for table in ("leads", "accounts"):
        if table in tables.frames:
            found |= {f"{table}.{name}" for name in tables.frames[table].collect_schema().names()}
    # A flat file may call a text `employees`; the declared feature wants a number: the text stays an attribute.
    numbers = {"employees", "revenue"}
    other = {f"{a.table}.{a.name}" for a in tables.attributes if (a.kind == "number") != (a.name in numbers)}
    wrong = {x for x in other if x.partition(".")[2] in numbers | {"industry"}}
    return frozenset(found - wrong)


def _computable(feature: Feature, tables: Tables, there: frozenset[str]) -> bool:
    recipe = feature.recipe
    if recipe is None:
        return False
    needs = {
        "events": {"events"},
        "signals": {"signals"},
        "colleagues": {"events"},
        "answers": {"answers"},
        "attributes": set(),
    }
    if not needs[recipe.source] <= set(tables.frames):
        return False
    if recipe.source in {"signals", "colleagues"}:
        return "leads.account_id" in there
    return not recipe.columns or any(column in there for column in recipe.columns)


def _without_excluded(feature: Feature, exclude: frozenset[str]) -> Feature | None:
    """Take the excluded columns and types out of a feature; None where nothing is left of it."""
    recipe = feature.recipe
    if recipe is None or feature.name in exclude:
        return None
    columns = tuple(x for x in recipe.columns if x not in exclude and x.partition(".")[2] not in exclude)
    types = tuple(x for x in recipe.types if x not in exclude)
    if (recipe.columns and not columns) or (recipe.types and not types):
        return None
    return replace(feature, recipe=replace(recipe, columns=columns, types=types))


def _in_family(feature: Feature, families: Mapping[str, Family]) -> Feature:
    columns = feature.recipe.columns if feature.recipe else ()
    for column in columns:
        family = families.get(column.partition(".")[2])
        if family and family != feature.family:
            return replace(feature, family=family, name=feature.name.replace(feature.family, family, 1))
    return feature


def _automatic_types(tables: Tables, options: FeatureOptions) -> list[Feature]:
    features: list[Feature] = []
    for source, found in (
        ("events", options.event_types),
        ("signals", options.signal_types),
        ("answers", options.criteria),
    ):
        if source not in tables.frames or (source == "signals" and "leads.account_id" not in _available(tables)):
            continue
        declared = {
            t for f in DECLARED if f.recipe and f.recipe.source == source for t in (*f.recipe.types, *f.recipe.of)
        }
        folded = [t.strip().lower() for t in found] if source == "answers" else list(found)
        new = [t for t in dict.fromkeys(folded) if t not in declared and t not in options.exclude]
        slugs = _unique_slugs(new[:MOST_UNDECLARED_TYPES])
        for type_, slug in slugs.items():
            features += _automatic(source, type_, slug, options)  # type: ignore[arg-type]  # a str of the loop above
    return features


def _automatic(source: Source, type_: str, slug: str, options: FeatureOptions) -> tuple[Feature, ...]:
    en, fr = (quoted(_label(type_, options, language).lower(), language) for language in ("en", "fr"))
    if source == "answers":
        yes, no = (
            (f"Question {en}: yes", colon(f"Question {fr}", "oui", "fr")),
            (f"Question {en}: no", colon(f"Question {fr}", "non", "fr")),
        )
        return criterion(
            f"criterion_{slug}",
            en=f"question {en}",
            fr=f"question {fr}",
            confirmed=yes,
            refused=no,
            ask=(f"What is the answer to {en}?", f"Quelle est la réponse à {fr} ?"),
            types=type_,
        )
    if source == "signals":
        family = options.families.get(type_, "intent")
        words = Tally(f"{en} signal at the company", f"{en} signals at the company", f"No {en} signal at the company")
        mots = Tally(
            f"signal {fr} dans l'entreprise",
            f"signaux {fr} dans l'entreprise",
            f"Aucun signal {fr} dans l'entreprise",
        )
        return activity(f"signal_{slug}", family, days=_AUTOMATIC_DAYS, types=type_, source=source, en=words, fr=mots)
    family = options.families.get(type_, "engagement")
    done = Did(f"{en} activity", f"{en} activity", f"No {en} activity", f"No {en} activity")
    fait = Did(f"Activité {fr}", f"Activité {fr}", f"Aucune activité {fr}", f"Aucune activité {fr}")
    return activity(f"event_{slug}", family, days=_AUTOMATIC_DAYS, types=type_, en=done, fr=fait)


def _attributes(
    attributes: Iterable[Attribute], used: set[str], options: FeatureOptions, names: set[str]
) -> list[Feature]:
    features = []
    for a in attributes:
        column = f"{a.table}.{a.name}"
        if column in used or column in options.exclude or a.name in options.exclude or a.name.endswith(KNOWN_AT):
            continue
        family = options.families.get(a.name, "fit")
        suffix = "_days" if a.kind == "date" else ""
        stem = slug_of(a.name)
        candidates = [
            f"{family}__{x}{suffix}" for x in (stem, f"{a.table[:-1]}_{stem}", *(f"{stem}_{i}" for i in range(2, 1000)))
        ]
        name = next(x for x in candidates if x not in names)
        if name in options.exclude:
            continue
        names.add(name)
        measure: Measure = "date" if a.kind == "date" else "value"
        dtype: Dtype = "category" if a.kind == "category" else "number"
        null = "not known, or not before the cutoff" if a.kind == "date" else "not known"
        features.append(
            attribute(
                name,
                family,
                [column],
                measure,
                _attribute_words(a, options),
                dtype=dtype,
                fact=column,
                null=null,
            )
        )
    return features


def _attribute_words(a: Attribute, options: FeatureOptions) -> Words:
    en, fr = _label(a.name, options, "en"), _label(a.name, options, "fr")
    unit = plain(options.labels.get(a.name, {}).get("unit", ""))
    units = {} if unit in {"", "percent"} else {"unit": unit, "unit_one": unit}
    words = column_words(
        {"label": en, "unknown": f"{en} not known", **units},
        {"label": fr, "unknown": colon(fr, "information absente", "fr"), **units},
        "date" if a.kind == "date" else "attribute",
    )
    return {**words, "number": "percent"} if unit == "percent" else words


def _label(name: str, options: FeatureOptions, language: Language) -> str:
    given = options.labels.get(name, {})
    return upper_first(given.get(language) or given.get("en") or given.get("fr") or humanise(name))


def slug_of(name: str) -> str:
    """Return a name as a safe part of a feature's name: ASCII letters, digits and single underscores.

    Examples
    --------
    >>> slug_of("Chiffre d'affaires (k€)"), slug_of("emp.var.rate"), slug_of("???")
    ('chiffre_d_affaires_k', 'emp_var_rate', 'x')
    """
    folded = unicodedata.normalize("NFKD", name.replace("œ", "oe")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", folded.lower()).strip("_") or "x"


def _unique_slugs(names: Iterable[str]) -> dict[str, str]:
    slugs: dict[str, str] = {}
    for name in names:
        stem = slug_of(name)
        taken = set(slugs.values())
        slugs[name] = next(x for x in (stem, *(f"{stem}_{i}" for i in range(2, 1000))) if x not in taken)
    return slugs
