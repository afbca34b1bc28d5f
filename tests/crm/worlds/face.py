"""The face that every CRM of the tests shows."""

from typing import Any, Protocol

OWN = ("propensity", "band", "qualification", "decision", "scored_at", "run_id")


class World(Protocol):
    """A CRM with leads, each with a human's comment beside our fields."""

    name: str
    token: str | None

    @property
    def settings(self) -> dict[str, Any]:
        """The section [crm] that reaches it."""
        ...

    def add(self, *lead_ids: str) -> None:
        """Create leads, as people do."""
        ...

    def held(self) -> dict[str, dict[str, Any]]:
        """Our fields by lead, by our names; instants as UTC seconds."""
        ...

    def others(self) -> dict[str, Any]:
        """Everything else of each lead, as bytes that can be compared."""
        ...

    def edit(self, lead_id: str) -> None:
        """Let a person change the comment."""
        ...

    def flag(self, lead_id: str, what: str) -> None:
        """Set the field that keeps us off (``override``) or says not to contact (``opted_out``)."""
        ...

    def delete(self, lead_id: str) -> None:
        """Remove a lead."""
        ...

    def revisions(self) -> int:
        """How many writes the CRM remembers, people's included."""
        ...
