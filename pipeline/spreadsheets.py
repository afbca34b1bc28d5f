"""Cells for people who open them in a spreadsheet."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: str | None) -> str:
    """Write a cell so that no spreadsheet runs it.

    Examples
    --------
    >>> harmless("=1+1"), harmless("Zoé"), harmless(None)
    ("'=1+1", 'Zoé', '')
    """
    return f"'{cell}" if cell and cell.startswith(FORMULA) else cell or ""
