"""Settings of the sources that enrich companies and people: what they are, how rows meet, what may be read of them."""

from typing import Literal

from pydantic import Field, model_validator

from pipeline.section import Section

NAME = r"^[a-z][a-z0-9_]{0,30}$"


class EnrichmentSettings(Section):
    """A source that is joined to accounts or leads."""

    kind: Literal["sirene", "notices", "table"] = Field(
        "table", description="sirene (INSEE's stock files), notices (BODACC-like), or table (a vendor's export)"
    )
    path: str = Field(description="Parquet or CSV file, from the workspace; for sirene that of StockUniteLegale")
    establishments: str = Field("", description="for sirene: file of StockEtablissement; without it no name is matched")
    table: Literal["accounts", "leads"] = Field("accounts", description="which of our tables it describes")
    match: dict[str, str] = Field(
        default_factory=dict, description='our column = theirs, such as domain = "website"; compared without case'
    )
    siren: str = Field("siren", description="our column with the SIREN or SIRET; empty or absent: none")
    name: str = Field("", description="our column with the company's name, for sirene; empty: match by SIREN only")
    postcode: str = Field("", description="our column with its postcode")
    minimum_confidence: float = Field(0.9, ge=0.5, le=1, description="least confidence of a match by name")
    columns: dict[str, str] = Field(
        default_factory=dict, description="for table: our name = theirs; empty: all that are not personal"
    )
    known_at: str = Field(
        "", description="a date, or their column, since when this was known; sirene: empty is what SIRENE says"
    )
    licence: str = Field("", description="under which these data may be used, shown by 'tamis check'")
    personal: tuple[str, ...] = Field((), description="their columns that are about persons: never read")
    sole_traders: Literal["exclude", "flag"] = Field(
        "exclude", description="sole traders are persons: exclude, or flag to describe those that we name by SIREN"
    )

    @model_validator(mode="after")
    def _complete(self) -> "EnrichmentSettings":
        if self.kind == "table" and (not self.match or not self.known_at):
            raise ValueError("expected match and known_at for a table: how its rows meet ours, and since when we knew")
        if self.kind == "sirene" and bool(self.name) != bool(self.postcode):
            raise ValueError("expected name and postcode together, found one of them")
        if self.kind == "sirene" and self.name and not self.establishments:
            raise ValueError("expected establishments: postcodes stand in StockEtablissement")
        if self.kind == "notices" and self.table != "accounts":
            raise ValueError("expected table = accounts: notices are about companies")
        return self
