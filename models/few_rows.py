"""A model that explains a few rows at once, ready without translation and lean in memory: for dossiers, not for nights.

Tables pay off over thousands of rows; for one they cost their memory and that of numba, which translates for seconds.
`models.pattern_paths` gives the same numbers to the last digits.
"""

from dataclasses import replace

from models.lead_model import LeadModel


def for_few_rows(model: LeadModel) -> LeadModel:
    """Give the same model, explained row by row without tables.

    Parameters
    ----------
    model : LeadModel
        With its tables.

    Returns
    -------
    LeadModel
        Its propensities and contributions are those of ``model`` but for rounding, a hundred times slower by row.
    """
    corrections = {
        name: replace(correction, few_rows=True) for name, correction in model.by_segment.corrections.items()
    }
    return replace(
        model,
        tables=replace(model.tables, few_rows=True),
        by_segment=replace(model.by_segment, corrections=corrections),
    )
