"""The settings of what a run may take of the machine."""

from pydantic import Field, field_validator

from pipeline.section import Section

LEAST_MEMORY_MB = 100
# What a process that scores a million leads holds beside what DuckDB counts as its own.
OURS_MB = 900


class LimitSettings(Section):
    """What a run may use of the machine."""

    threads: int = Field(2, ge=1, le=1024, description="processor threads")
    memory: str = Field(
        "2GB", pattern=r"^\d+(\.\d+)?(MB|GB)$", description="of a run in all; what does not fit goes to the disk"
    )
    rows_per_block: int = Field(10_000, ge=100, description="leads scored at a time")
    keep_runs: int = Field(
        0, ge=0, description="score runs kept, and the first of each month; older ones are removed by score; 0: all"
    )

    @field_validator("memory")
    @classmethod
    def _enough(cls, value: str) -> str:
        if _megabytes(value) < LEAST_MEMORY_MB:
            raise ValueError(f"expected at least {LEAST_MEMORY_MB}MB, found {value!r}")
        return value

    @property
    def tables_mb(self) -> int:
        """Megabytes for tables, where Python, its libraries and a block of leads take the rest.

        Examples
        --------
        >>> LimitSettings(memory="2GB").tables_mb, LimitSettings(memory="500MB").tables_mb
        (1100, 250)
        """
        whole = _megabytes(self.memory)
        return round(max(whole - OURS_MB, whole / 2))


def _megabytes(memory: str) -> float:
    return float(memory[:-2]) * (1000 if memory.endswith("GB") else 1)
