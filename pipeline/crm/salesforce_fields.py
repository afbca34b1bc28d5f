"""How Salesforce is told to make a custom field."""

from typing import Any

from pipeline.crm.fields import DIGITS, Field

LONG_TEXT = 32_000


def custom_field(owner: str, one: Field) -> dict[str, Any]:
    """Describe a field for the Tooling API.

    Examples
    --------
    >>> custom_field("Lead", Field("propensity", "Tamis_Propensity__c", "rate"))["Metadata"]["scale"]
    4
    """
    label = one.theirs.removesuffix("__c").replace("_", " ")
    metadata: dict[str, Any] = {"label": label, "required": False}
    if one.choices:
        choices = [{"valueName": choice, "label": choice, "default": False} for choice in one.choices]
        values = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": choices}}
        metadata |= {"type": "Picklist", "valueSet": values}
    elif one.kind == "reasons":
        metadata |= {"type": "LongTextArea", "length": LONG_TEXT, "visibleLines": 6}
    elif one.kind == "instant":
        metadata |= {"type": "DateTime"}
    elif one.is_number:
        metadata |= {"type": "Number", "precision": 18, "scale": DIGITS[one.kind]}
    else:
        metadata |= {"type": "Text", "length": 255}
    return {"FullName": f"{owner}.{one.theirs}", "Metadata": metadata}
