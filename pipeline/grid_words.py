"""Where a points grid is right and where it is wrong, in words."""

from collections.abc import Mapping
from typing import Any

from features.language import Language, percent
from features.matrix import MatrixSchema
from features.specification import Feature
from features.words import label
from pipeline.language import fixed, signed
from pipeline.words import say


def verdict_sentences(grid: Mapping[str, Any], schema: MatrixSchema, language: Language) -> list[str]:
    """Say where a points grid is right, where it is wrong, and what only it would have found.

    Parameters
    ----------
    grid : mapping
        From `models.swap_set.compare_grids`.
    schema : MatrixSchema
        Of the model: the words of its columns.
    language : {"en", "fr"}
    """
    features, told = {column.feature.name: column.feature for column in schema.columns}, []
    for verdict in ("right", "wrong"):
        rules = [_rule(rule, features, language) for rule in grid.get("rules", ()) if rule["verdict"] == verdict]
        if rules:
            name = say(f"grid_{grid['name']}", language)
            told.append(say(f"rules_{verdict}", language).format(grid=name, rules=" ; ".join(rules)))
    swap = grid["swap_set"]
    if swap and swap["n_selected"] and swap["out_by_model"]["n"]:
        alone = swap["out_by_model"]
        told.append(
            say("only_grid", language).format(
                grid=say(f"grid_{grid['name']}", language),
                n=fixed(alone["n"], language),
                rate=percent(alone["conversion"], language),
                ours=fixed(swap["in_by_model"]["n"], language),
                rate_ours=percent(swap["in_by_model"]["conversion"] or 0.0, language),
            )
        )
    return told


def _rule(rule: Mapping[str, Any], features: Mapping[str, Feature], language: Language) -> str:
    names = [label(features[name], language) if name in features else name for name in rule["columns"]]
    words = " + ".join(dict.fromkeys(names)) + (f" ({say('outside', language)})" if rule["outside"] else "")
    rates = f"{percent(rule['conversion'], language)} / {percent(rule['others'], language)}"
    return f"{signed(rule['points'], language)} {words} ({rates})"
