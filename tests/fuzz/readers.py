"""What reads bytes of others: settings, models, tables of contributions, trees; it ends well or in one of our errors.

``python -m tests.fuzz.readers settings`` (or model, arrays, booster) fuzzes one with atheris until it is stopped;
libFuzzer's options follow: ``-max_total_time=60``. A crash is kept as a file and becomes a case of ``tests/bad_input``.
"""

import contextlib
import functools
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from features.errors import TamisError


def settings(content: bytes) -> None:
    """Read bytes as ``tamis.toml``."""
    from pipeline.settings_file import FILE_NAME, load  # noqa: PLC0415 (each reader brings its own libraries)

    with tempfile.TemporaryDirectory(prefix="tamis-fuzz-") as name:
        (Path(name) / FILE_NAME).write_bytes(content)
        load(Path(name))


@functools.cache
def _small() -> dict[str, bytes]:
    from tests.small_models import small_rows, two_boosters  # noqa: PLC0415 (as above)

    return two_boosters(small_rows()).dump()


def model(content: bytes) -> None:
    """Read a sound model of which one value was replaced: ``PLACE:JSON``, or anything else as ``model.json`` itself."""
    from models.lead_model import LeadModel  # noqa: PLC0415 (as above)

    place, colon, value = content.partition(b":")
    if not colon or not place.isdigit():
        LeadModel.load({**_small(), "model.json": content})
        return
    try:
        new = json.loads(value)
    except (ValueError, RecursionError):
        new = value.decode("latin-1")
    data = json.loads(_small()["model.json"])
    places = list(_places(data))
    holder, key = places[int(place[:9]) % len(places)]
    holder[key] = new
    LeadModel.load({**_small(), "model.json": json.dumps(data).encode()})


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a JSON value, as what holds it and the key there."""
    keys = data.keys() if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in list(keys):
        yield data, key
        yield from _places(data[key])


def arrays(content: bytes) -> None:
    """Read a sound file of tables into which bytes were written: their place, then what they are."""
    from models.pattern_tables import PatternTables  # noqa: PLC0415 (as above)

    sound = bytearray(_small()["pattern_tables.bin"])
    place = int.from_bytes(content[:2], "little") % len(sound)
    sound[place : place + len(content[2:])] = content[2:]
    texts = [text.decode() for name, text in _small().items() if name.startswith("booster")]
    PatternTables.load(bytes(sound), texts)


def booster(content: bytes) -> None:
    """Read trees of which some text was replaced: its place, then what it is."""
    from models.booster_text import read_booster  # noqa: PLC0415 (as above)

    sound = _small()["booster_0.txt"]
    place = int.from_bytes(content[:2], "little") % len(sound)
    read_booster((sound[:place] + content[2:] + sound[place + len(content[2:]) :]).decode("utf-8", "replace"))


READERS: dict[str, Callable[[bytes], None]] = {
    "settings": settings,
    "model": model,
    "arrays": arrays,
    "booster": booster,
}
SEEDS = {
    "settings": b"[model]\nseed = 7\n[source]\nurl = 'data'\n[[policy.disqualify]]\nreason = 'x'\n",
    "model": b'12:{"a": [1.5, null]}',
    "arrays": b"\x40\x00xxxx",
    "booster": b"\x20\x01leaf_value=1 2",
}


def told(reader: Callable[[bytes], None], content: bytes) -> None:
    """Let a reader end well or in an error of ours."""
    with contextlib.suppress(TamisError):
        reader(content)


def main(name: str, options: list[str]) -> None:
    """Fuzz a reader with atheris."""
    import atheris  # noqa: PLC0415 (for Linux only)

    with atheris.instrument_imports(include=["features", "models", "pipeline"]):
        told(READERS[name], SEEDS[name])
    with tempfile.TemporaryDirectory(prefix="tamis-corpus-") as corpus:
        (Path(corpus) / "seed").write_bytes(SEEDS[name])
        atheris.Setup([sys.argv[0], *options, corpus], lambda content: told(READERS[name], content))
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
