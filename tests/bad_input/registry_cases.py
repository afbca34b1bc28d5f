"""A registry and models that somebody or something spoilt."""

import shutil

from tests.bad_input.corpus import widen
from tests.bad_input.spoils import (
    MODELS,
    SCORE,
    booster,
    case,
    database,
    edited,
    link_away,
    model,
    pickled,
    put,
    signed,
    write,
)

TOUCHED = "expected the files that were saved, found"
REGISTRY = [
    *(
        case(
            f"registry: {name} is edited",
            SCORE,
            3,
            edited(name, lambda content: content + b" "),
            f"{TOUCHED} {name} changed",
        )
        for name in ("model.json", "booster_0.txt", "pattern_tables.bin")
    ),
    *widen(
        (
            case(
                f"registry: {name} is cut",
                SCORE,
                3,
                edited(name, lambda content: content[:100]),
                f"{TOUCHED} {name} changed",
            )
            for name in ("model.json", "booster_1.txt", "pattern_tables.bin")
        ),
        1,
    ),
    case(
        "registry: a file is missing",
        SCORE,
        3,
        lambda root: model(root, "booster_1.txt").unlink(),
        f"{TOUCHED} booster_1.txt missing",
    ),
    case("registry: a pickle lies beside the model", SCORE, 3, pickled, f"{TOUCHED} model.pkl unknown"),
    case("registry: a file is a link to another place", SCORE, 5, link_away, "MLflow failed"),
    case(
        "registry: the folder of the artefacts is gone",
        SCORE,
        5,
        lambda root: shutil.rmtree(root / ".tamis" / "artifacts"),
        "MLflow",
    ),
    case(
        "registry: a model that Tamis did not save",
        SCORE,
        3,
        database("DELETE FROM model_version_tags WHERE key = 'files'"),
        "expected a model that Tamis saved",
    ),
    case(
        "registry: hashes that are no JSON",
        SCORE,
        3,
        database("UPDATE model_version_tags SET value = 'x' WHERE key = 'files'"),
        "Model version 1",
    ),
    case(
        "registry: hashes that are a list",
        SCORE,
        3,
        database("UPDATE model_version_tags SET value = '[1]' WHERE key = 'files'"),
        "Model version 1",
    ),
    case(
        "registry: figures that are no JSON",
        MODELS,
        3,
        database("UPDATE model_version_tags SET value = '{' WHERE key = 'figures'"),
        "Model version 1",
    ),
    case(
        "registry: a promotion that is no JSON",
        ("models", "--json"),
        3,
        database("UPDATE registered_model_tags SET value = 'x' WHERE key LIKE 'promotion%'"),
        "promotion",
    ),
    case(
        "registry: a promotion with other keys",
        ("rollback",),
        3,
        database("UPDATE registered_model_tags SET value = '{\"a\": 1}' WHERE key LIKE 'promotion%'"),
        "promotion",
    ),
    case(
        "registry: an alias of a version that is not there",
        SCORE,
        2,
        database("UPDATE registered_model_aliases SET version = 9"),
        "Model 'champion' is not in",
    ),
    case(
        "registry: a model that lies elsewhere",
        SCORE,
        5,
        database("UPDATE model_versions SET storage_location = 'file:///etc'"),
        "MLflow failed",
    ),
    case(
        "registry: a model on a server that is not there",
        SCORE,
        5,
        database("UPDATE model_versions SET storage_location = 'http://127.0.0.1:1/x'"),
        "MLflow",
    ),
    case(
        "registry: no database",
        MODELS,
        5,
        write("mlflow.db", b"no database, and long enough to be looked at" * 9),
        "expected an MLflow database",
    ),
    case(
        "registry: a database that is cut",
        MODELS,
        5,
        lambda root: (root / ".tamis" / "mlflow.db").write_bytes((root / ".tamis" / "mlflow.db").read_bytes()[:20_000]),
        "mlflow.db",
    ),
    case("registry: a database without tables", MODELS, 5, database("DROP TABLE model_versions"), "MLflow failed"),
    case(
        "registry: a database of another MLflow",
        MODELS,
        5,
        database("UPDATE alembic_version SET version_num = '451aebb31d03'"),
        "Another version of MLflow wrote",
    ),
]

MODEL_FILES = [
    case("models: of an older format", SCORE, 3, put("format", to="tamis 0"), "expected format", "found 'tamis 0'"),
    case("models: of a newer format", SCORE, 3, put("format", to="tamis 99"), "expected format", "found 'tamis 99'"),
    case("models: no object", SCORE, 3, signed(lambda _: [1, 2]), "model.json: expected an object, found list"),
    case(
        "models: columns that do not match their hash",
        SCORE,
        3,
        put("schema", "columns", "0", to=None),
        "the columns do not match their hash",
    ),
    *widen(
        (
            case(f"models: without {key}", SCORE, 3, put(key, to=None), "model.json")
            for key in (
                "boosters",
                "tables",
                "schema",
                "schema_hash",
                "calibration",
                "threshold",
                "bands",
                "reference",
                "shared_facts",
                "metadata",
                "amount",
            )
        ),
        2,
    ),
    *widen(
        (
            case(f"models: {' '.join(path)} is {value!r}", SCORE, 3, put(*path, to=value), "model.json")
            for path, value in (
                (("calibration", "a"), "much"),
                (("calibration",), [1, 2, 3]),
                (("threshold", "threshold"), "high"),
                (("threshold", "threshold"), 7.0),
                (("threshold", "evil"), 1),
                (("bands", "a"), "x"),
                (("boosters",), "booster_0.txt"),
                (("schema", "columns"), 7),
                (("reference", "evil"), 1),
                (("reference", "margin"), "x"),
                (("metadata",), [1]),
                (("metadata", "attributes"), [{"x": 1}]),
                (("shared_facts", "groups"), [1]),
                (("certificate", "verdicts"), {"all": 1}),
                (("by_segment",), {"segments": 1}),
                (("linear",), {"base": "x"}),
            )
        ),
        8,
    ),
    *(
        case(f"models: {what}", SCORE, 3, put(*path, to=value), says)
        for what, path, value, says in (
            ("a slope below 0", ("calibration", "a"), -1.0, "calibration: expected slopes a, b > 0"),
            ("a slope that is no number", ("calibration", "a"), float("nan"), "calibration: expected slopes a, b > 0"),
            ("bands in disorder", ("bands", "a"), 0.0001, "bands: expected 1 > A > B > C > 0"),
            (
                "a file of the system for trees",
                ("boosters",),
                [{"file": "../../../../etc/passwd", "sha256": "0"}],
                "is missing",
            ),
            ("no trees", ("boosters",), [], "compiled from other boosters"),
            ("trees for tables", ("tables", "file"), "booster_0.txt", "booster_0.txt is not the file that was saved"),
        )
    ),
    case("models: trees that are cut", SCORE, 3, booster(lambda text: text[:2000]), "booster"),
    case(
        "models: trees of another booster",
        SCORE,
        3,
        booster(lambda text: text.replace("leaf_value=", "leaf_value=9")),
        "compiled from other boosters",
    ),
]

CASES = [*widen(REGISTRY, 14), *MODEL_FILES]
