"""The settings: one frozen object from ``tamis.toml`` and the environment, passed in whole or in part.

The environment wins over the file: ``TAMIS_THRESHOLD__WIN_VALUE=5000`` sets ``win_value`` in ``[threshold]``.
Secrets come only from the environment or from a folder of secret files (``TAMIS_SECRETS_DIR``).
"""

import codecs
import os
import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from features.tables import SCHEMA
from pipeline.decision_settings import OpenRate, PointsSettings, ThresholdSettings
from pipeline.enrichment_settings import NAME, EnrichmentSettings
from pipeline.limit_settings import LimitSettings
from pipeline.page_settings import PageSettings
from pipeline.policy_settings import PolicySettings
from pipeline.section import Section, Zone
from pipeline.segment_settings import Segments

TableName = Literal["leads", "accounts", "events", "signals", "outcomes", "stages", "answers", "changes", "costs"]
FamilyName = Literal["fit", "engagement", "intent"]
Language = Literal["en", "fr"]
LabelName = Literal["en", "fr", "unit"]
Rate = Annotated[float, Field(ge=0, le=1)]
ODD_CODECS = ("idna", "punycode", "unicode_escape", "raw_unicode_escape")
PROBE = "lead_id;1,5 \\"


class CsvSettings(Section):
    """How CSV files are written; auto looks at the file."""

    delimiter: str = Field("auto", description="auto, or one character such as ; or a tab")
    decimal: Literal["auto", ".", ","] = Field("auto", description="auto, . or , (French exports)")
    encoding: str = Field("utf-8", description="utf-8, or what the export used, such as windows-1252")

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if value != "auto" and (len(value) != 1 or value.isalnum() or value in "\"'\r\n"):
            raise ValueError(f"expected auto or one character, found {value!r}")
        return value

    @field_validator("encoding")
    @classmethod
    def _of_text(cls, value: str) -> str:
        try:
            # Some codecs give bytes, or read what looks like an escape: no export is written so.
            is_one = (
                codecs.lookup(value).name.replace("-", "_") not in ODD_CODECS
                and PROBE.encode(value).decode(value) == PROBE
            )
        except (LookupError, ValueError):
            is_one = False
        if not is_one:
            raise ValueError(f"expected an encoding such as utf-8 or windows-1252, found {value!r}")
        return value


class OutcomeSettings(Section):
    """Which words of the outcome column mean what; compared without case and outer spaces."""

    won: tuple[str, ...] = Field(("won",), description="values that mean a deal was won")
    lost: tuple[str, ...] = Field(("lost",), description="values that mean it was lost; ['*'] is every other value")
    open: tuple[str, ...] = Field((), description="values that mean it is not decided; empty cells always are")


class TableSettings(Section):
    """Where one table stands and what its columns are called there."""

    path: str = Field("", description="file name below source.url, or table or view of the database")
    query: str = Field("", description="SQL over source.exports that makes the table, instead of a path")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description='our column name = the name in your table; "" leaves ours out, "#row" is the number of the row',
    )


class SourceSettings(Section):
    """Where the tables are read."""

    url: str = Field("data", description="folder of CSV or Parquet files, a database URL without password, or spark://")
    password: SecretStr | None = Field(None, description="only from TAMIS_SOURCE__PASSWORD or a secret file")
    time_zone: Zone = Field("UTC", description="zone of times that name none, such as Europe/Paris")
    extracted_at: str = Field("", description="when the data were extracted (ISO 8601); empty: newest time found")
    max_faulty_rate: Rate = Field(0.01, description="rows set aside before a run is refused, per table, 0 to 1")
    in_place: bool = Field(
        False, description="true: a Postgres computes the features itself (extra warehouse); Spark always does"
    )
    only_named: bool = Field(False, description="true: read only the tables named below, not every table found")
    csv: CsvSettings = CsvSettings()
    outcome: OutcomeSettings = OutcomeSettings()
    exports: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], str] = Field(
        default_factory=dict,
        description="files that queries read: name in the query = file name below source.url, * for any text "
        "(the last by name counts); the first one lists the leads, so that 'tamis score --leads' stands for it",
    )
    tables: dict[TableName, TableSettings] = Field(
        default_factory=dict,
        description='path and columns (ours = yours; "" leaves ours out, "#row" is the row number) of each table',
    )

    @model_validator(mode="after")
    def _known_columns(self) -> "SourceSettings":
        wrong = [
            f"[source.tables.{table}.columns] {column!r}"
            for table, settings in self.tables.items()
            for column in settings.columns
            if table not in ("leads", "accounts") and column not in SCHEMA[table]
        ]
        if wrong:
            raise ValueError(f"expected columns of DESIGN section 3, found {', '.join(wrong)}")
        return self

    @model_validator(mode="after")
    def _queries(self) -> "SourceSettings":
        asking = [table for table, settings in self.tables.items() if settings.query]
        if asking and "://" in self.url:
            raise ValueError(
                f"a query reads files, not a database: expected a view named in path for {', '.join(asking)}"
            )
        if asking and not self.exports:
            raise ValueError(
                f"expected [source.exports] with the files that the query of {asking[0]} reads, found none"
            )
        return self


class SnapshotSettings(Section):
    """At which instants leads are looked at, and what is predicted."""

    grid: Literal["month", "week", "age"] = Field(
        "month", description="month, week (shared dates), or age (once per lead, at age_days)"
    )
    age_days: float = Field(0.0, ge=0, description="age of the lead at its cutoff, with grid = age")
    horizon_days: int = Field(90, ge=1, le=1095, description="won within this many days of the cutoff")
    reporting_lag_days: int = Field(0, ge=0, description="days until a decision is certain to be in the data")
    max_age_days: int = Field(540, ge=1, description="older open leads are taken as dead")
    immature: Literal["drop", "weight"] = Field(
        "drop", description="drop, or weight: young cohorts teach too, weighed; for horizons of about a year or more"
    )


class FeatureSettings(Section):
    """What is learnt from, and how it is called."""

    exclude: tuple[str, ...] = Field((), description="columns or features never used, such as known leaks")
    allow_suspects: tuple[str, ...] = Field(
        (), description="columns, features or event types kept although they look like leaks, see 'tamis check'"
    )
    families: dict[str, FamilyName] = Field(default_factory=dict, description="column = fit, engagement or intent")
    labels: dict[str, dict[LabelName, str]] = Field(
        default_factory=dict, description="column = words that people read, per language, and its unit"
    )
    max_levels: int = Field(1000, ge=2, description="categories with more values are not used")
    min_level_rows: int = Field(5, ge=1, description="rarer values are pooled as (other)")


class PeriodSettings(Section):
    """The four ordered, disjoint periods of the evidence; shares of the rows, oldest first."""

    fit: OpenRate = Field(0.55, description="share to fit the classifier")
    calibrate: OpenRate = Field(0.15, description="share to calibrate")
    threshold: OpenRate = Field(0.15, description="share to choose the threshold")
    test: OpenRate = Field(0.15, description="share to test, the newest")

    @model_validator(mode="after")
    def _sum_to_one(self) -> "PeriodSettings":
        total = self.fit + self.calibrate + self.threshold + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"expected fit + calibrate + threshold + test = 1, found {total:g}")
        return self


class ModelSettings(Section):
    """The classifier."""

    seed: int = Field(7, ge=0, description="same seed and data, same model")
    folds: int = Field(0, ge=0, le=20, description="fold models averaged; 0: 8, and 5 from 50,000 rows on")
    learning_rate: float = Field(0.0, ge=0, lt=1, description="of each tree; 0: 0.1, and 0.05 under 20,000 rows")
    num_leaves: int = Field(31, ge=2, le=64, description="leaves per tree")
    max_depth: int = Field(6, ge=1, le=6, description="depth per tree; 6 keeps explanations cheap")
    min_won: int = Field(40, ge=10, description="least won leads to train on")
    min_lost: int = Field(40, ge=10, description="least lost leads to train on")
    bootstrap: int = Field(300, ge=50, description="resamples behind every interval of the evidence")


class CertificateSettings(Section):
    """When people see percentages: only where they came true on the newest leads; else rank and band."""

    tolerance: float = Field(
        0.3, gt=0, description="how far the odds may miss: with 0.3, where 8% were promised 6.3% to 10.2% may happen"
    )
    confidence: OpenRate = Field(0.9, description="how sure the certificate must be")


class RetrainSettings(Section):
    """When a challenger, or a recalibration, replaces the champion; it is never replaced because it is old."""

    min_won: int = Field(30, ge=10, description="least won leads, new to the champion, on which the two are compared")
    margin: Rate = Field(
        0.02, description="how much worse log loss and Brier score may be, as a share, at the worse end of the interval"
    )
    confidence: OpenRate = Field(0.9, description="of the intervals of the comparison")
    certified: bool = Field(True, description="false: percentages need no certificate, only must not be proven wrong")
    min_overlap: Rate = Field(0.0, description="share of the leads of the top that must stay there; 0: any change")


class MonitorSettings(Section):
    """From where on the monitor rings: both a size and a proof are asked for, so that it is quiet when all is well."""

    level: OpenRate = Field(0.01, description="chance of ringing for a column in a night when nothing has changed")
    psi: float = Field(0.25, gt=0, description="least population stability index of a column, or of the propensity")
    nulls: Rate = Field(0.2, description="least change of the share of leads without a value in a column")
    auc: Rate = Field(0.05, description="least fall of the AUC that is expected before outcomes are known")
    stale_days: float = Field(8.0, ge=0, description="age of the newest row from which on data are too old; 0: never")


class ExplorationSettings(Section):
    """Leads below the threshold that are handed over to learn; without them a model only confirms itself."""

    share: float = Field(
        0.0,
        ge=0,
        le=0.2,
        description="share of them, drawn at random; 0: off. 0.02 to 0.05 is wise: some calls a week (the first run "
        "draws from all open leads), and the next model learns what the others would have brought",
    )
    spare_band_d: bool = Field(False, description="true: never draw band D; what it would bring is then never known")
    salt: str = Field(
        "", description="words of your own, so that nobody can foresee who is drawn; to change them draws others"
    )


class RegistrySettings(Section):
    """Where MLflow keeps runs and models."""

    url: str = Field("", description="MLflow tracking URI; empty: SQLite in the workspace")
    name: str = Field("tamis", pattern=r"^[^/:]+$", description="name of the registered model and of the experiment")
    token: SecretStr | None = Field(None, description="only from TAMIS_REGISTRY__TOKEN or a secret file")
    signing_key: SecretStr | None = Field(
        None, description="only from TAMIS_REGISTRY__SIGNING_KEY: then a model that was not signed with it is refused"
    )

    @field_validator("url")
    @classmethod
    def _of_mlflow(cls, value: str) -> str:
        if value and not re.match(r"((https?|postgresql|mysql|mssql|sqlite)(\+\w+)?://|databricks)", value):
            raise ValueError(f"expected the address of an MLflow server or of its database, found {value!r}")
        return value


class CrmSettings(Section):
    """Where scores are written back, and what stops a push that would change too much."""

    adapter: Literal["", "csv", "sql", "tryton", "odoo", "hubspot", "salesforce"] = Field(
        "", description="csv, sql, tryton, odoo, hubspot or salesforce; empty: nothing is written back"
    )
    url: str = Field("", description="address of the CRM, a database URL without password, or a folder for csv")
    object: str = Field("", description="its table or object that holds the leads; empty: the usual one")
    database: str = Field("", description="name of the database, for tryton and odoo")
    user: str = Field("", description="user of the job, for tryton and odoo")
    token: SecretStr | None = Field(None, description="only from TAMIS_CRM__TOKEN or a secret file: key or password")
    api: str = Field("", description="interface: json-2 or json-rpc for odoo, base path for hubspot and salesforce")
    key: str = Field("", description="its field that holds our lead_id; empty: the identifier of its record")
    override: str = Field("", description="its field that keeps us off a record where it is filled or true")
    opted_out: str = Field("", description="its field that says, filled or true, that a person must not be contacted")
    parent: str = Field("", description="its field by which records are sent together, such as AccountId")
    fields: dict[str, str] = Field(
        default_factory=dict, description="columns of a score run = its fields; only these are ever written"
    )
    minimum_change: Rate = Field(0.01, description="smaller moves of the propensity are not sent; points: 100 times")
    brake: Rate = Field(0.3, description="share of leads that may change band before a push is refused")
    text_length: int = Field(2000, ge=20, description="characters of the reasons that are sent")
    batch: int = Field(0, ge=0, description="records per request; 0: what suits the system")
    requests_per_second: float = Field(0.0, ge=0, description="at most; 0: the limit that the vendor publishes")
    timeout_seconds: float = Field(60.0, gt=0, description="how long one answer is waited for")
    patience_seconds: float = Field(120.0, ge=0, description="how long a CRM that fails is tried again")
    ledger: str = Field("", description="database URL of what was sent, without password; empty: SQLite here")
    ledger_password: SecretStr | None = Field(None, description="only from TAMIS_CRM__LEDGER_PASSWORD or a secret file")


class OutputSettings(Section):
    """How results are worded."""

    language: Language = Field("en", description="en or fr")
    reasons: int = Field(3, ge=1, le=10, description="reasons kept per lead, in each direction")
    currency: str = Field("EUR", min_length=1, max_length=3, description="shown beside amounts")


class Settings(BaseSettings):
    """Everything that can be set, with its default.

    Examples
    --------
    >>> Settings().threshold.rule
    'value'
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="TAMIS_", env_nested_delimiter="__")

    source: SourceSettings = SourceSettings()
    enrichment: dict[Annotated[str, Field(pattern=NAME)], EnrichmentSettings] = Field(
        default_factory=dict,
        description="What others know of the companies and people, joined to their tables: register, notices, exports",
    )
    snapshots: SnapshotSettings = SnapshotSettings()
    features: FeatureSettings = FeatureSettings()
    periods: PeriodSettings = PeriodSettings()
    model: ModelSettings = ModelSettings()
    segments: Segments = Field(
        default_factory=dict,
        description="Parts of the leads that may differ from the whole: the first whose filters a lead fulfils",
    )
    threshold: ThresholdSettings = ThresholdSettings()
    certificate: CertificateSettings = CertificateSettings()
    retrain: RetrainSettings = RetrainSettings()
    monitor: MonitorSettings = MonitorSettings()
    points: PointsSettings = PointsSettings()
    policy: PolicySettings = PolicySettings()
    exploration: ExplorationSettings = ExplorationSettings()
    registry: RegistrySettings = RegistrySettings()
    crm: CrmSettings = CrmSettings()
    page: PageSettings = PageSettings()
    output: OutputSettings = OutputSettings()
    limits: LimitSettings = LimitSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (the signature is pydantic's)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then secret files, then ``tamis.toml``."""
        del dotenv_settings
        if folder := os.environ.get("TAMIS_SECRETS_DIR"):
            secrets = NestedSecretsSettingsSource(
                file_secret_settings, secrets_dir=folder, secrets_prefix="", secrets_nested_delimiter="__"
            )
            return env_settings, secrets, init_settings
        return env_settings, init_settings

    @model_validator(mode="after")
    def _known_segments(self) -> "Settings":
        unknown = [name for name in self.policy.segments if name not in self.segments]
        if unknown:
            known = ", ".join(self.segments) or "none"
            raise ValueError(f"policy.segments: expected segments of [segments] ({known}), found {', '.join(unknown)}")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the times that name none."""
        return ZoneInfo(self.source.time_zone)
