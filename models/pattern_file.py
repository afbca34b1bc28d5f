"""Arrays as bytes and back, without pickle and without a file.

The layout is that of `safetensors <https://github.com/huggingface/safetensors>`_: the length of a header (8 bytes,
little-endian), the header as JSON, then the arrays one after the other. Reading it runs no code.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from features.errors import DataError

Arrays = Mapping[str, npt.NDArray[Any]]
_TYPES = {"F64": "<f8", "I64": "<i8", "U16": "<u2", "U8": "|u1", "BOOL": "|b1"}
_CODES = {np.dtype(name): code for code, name in _TYPES.items()}


def dump_arrays(arrays: Arrays, metadata: Mapping[str, str]) -> bytes:
    """Write named arrays.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        float64, int64, uint16, uint8 or bool.
    metadata : mapping of str to str
        Kept in the header.

    Returns
    -------
    bytes
        The same for the same content.
    """
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    parts, end = [], 0
    # The widest types first, so that every array begins at a multiple of its item size.
    for name, array in sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        part = np.ascontiguousarray(array).astype(_TYPES[_CODES[array.dtype]], copy=False).tobytes()
        header[name] = {
            "dtype": _CODES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [end, end + len(part)],
        }
        parts.append(part)
        end += len(part)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def load_arrays(data: bytes) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Read what `dump_arrays` wrote.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    arrays : dict of str to ndarray
        Copies, so that they can be written to and do not keep ``data``.
    metadata : dict of str to str

    Raises
    ------
    DataError
        The bytes are not of this layout, or cut.

    Examples
    --------
    >>> load_arrays(dump_arrays({"a": np.array([1.5, 2.5])}, {"of": "us"}))
    ({'a': array([1.5, 2.5])}, {'of': 'us'})
    >>> load_arrays(b"tables")
    Traceback (most recent call last):
        ...
    features.errors.DataError: arrays: the bytes are cut or of another layout; fetch the model again.
    """
    try:
        body = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:body])
        metadata = header.pop("__metadata__")
        arrays = {}
        for name, entry in header.items():
            first, end = entry["data_offsets"]
            kind = np.dtype(_TYPES[entry["dtype"]])
            flat = np.frombuffer(data, dtype=kind, count=(end - first) // kind.itemsize, offset=body + first)
            arrays[name] = flat.reshape(entry["shape"]).astype(kind.newbyteorder("="))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError("arrays: the bytes are cut or of another layout; fetch the model again.") from error
    return arrays, metadata
