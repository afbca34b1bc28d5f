"""The adapter that the settings name, imported only when it is used."""

from importlib import import_module
from pathlib import Path

from features.errors import UseError
from pipeline.crm.adapter import Adapter
from pipeline.crm.connect import Link
from pipeline.crm.ledger import Ledger
from pipeline.settings import Settings

MODULES = {
    "csv": ("pipeline.crm.csv_file", "CsvAdapter"),
    "sql": ("pipeline.crm.sql", "open_sql"),
    "tryton": ("pipeline.crm.tryton", "Tryton"),
    "odoo": ("pipeline.crm.odoo", "Odoo"),
    "hubspot": ("pipeline.crm.hubspot", "HubSpot"),
    "salesforce": ("pipeline.crm.salesforce", "Salesforce"),
}


def open_adapter(settings: Settings, root: Path) -> Adapter:
    """Make the adapter of ``crm.adapter``.

    Raises
    ------
    UseError
        The settings lack something that it needs, or its packages are not installed.
    OutsideError
        The CRM does not let the job in.
    """
    module, name = MODULES[settings.crm.adapter]
    try:
        made: Adapter = getattr(import_module(module), name)(settings, root)
    except ModuleNotFoundError as error:
        raise UseError(
            f"crm.adapter: {settings.crm.adapter} needs the package {error.name}, which is not installed. "
            'Run: pip install --constraint constraints.txt -e ".[crm]"'
        ) from None
    return made


def target_of(settings: Settings, root: Path) -> str:
    """Name the CRM and its object: what one of them accepted says nothing about another."""
    crm = settings.crm
    place = str((root / crm.url).resolve()) if crm.adapter == "csv" else crm.url
    return "\0".join((crm.adapter, place.rstrip("/"), crm.database, crm.object, crm.key))


def open_ledger(settings: Settings, root: Path) -> Ledger:
    """Open what was sent to the CRM of the settings.

    Raises
    ------
    UseError, OutsideError
        ``crm.ledger`` is no database, or it cannot be reached.
    """
    crm = settings.crm
    link = Link("crm.ledger", crm.ledger or "sqlite:///.tamis/ledger.db", crm.ledger_password, root)
    return Ledger(link, target_of(settings, root))
