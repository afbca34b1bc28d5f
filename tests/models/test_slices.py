"""Parts of the leads by size, region and channel, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from models.certificate import judge
from models.metrics import wilson
from models.promises import Promises
from models.slices import slices


def told(columns, y=None, p=None, w=None, lead=None, handed=None):
    n = len(next(iter(columns.values())))
    y = np.zeros(n) if y is None else y
    promises = Promises(
        y, np.full(n, 0.2) if p is None else p, np.ones(n) if w is None else w, np.arange(n) if lead is None else lead
    )
    handed = np.zeros(n, bool) if handed is None else handed
    return slices(pd.DataFrame(columns), promises, handed, 0.3, 0.9), promises


def names(columns):
    return [(part["by"], part["name"], part["n_leads"]) for part in told(columns)[0]]


def test_a_part_has_its_figures_by_weight_and_its_verdict():
    # 40 leads of the web, twice each; 25 of a fair, of whom the first five are won and weigh three.
    source = np.repeat(["web", "fair"], [80, 25])
    lead = np.concatenate([np.repeat(np.arange(40), 2), np.arange(40, 65)])
    y = np.where(np.arange(105) >= 80, np.arange(105) < 85, np.arange(105) < 8).astype(float)
    w = np.where((np.arange(105) >= 80) & (np.arange(105) < 85), 3.0, 1.0)
    p, handed = np.where(source == "web", 0.1, 0.3), np.isin(np.arange(105), [0, 1, 82, 83, 84, 90])
    (fair, web), promises = told({"fit__source": source}, y, p, w, lead, handed)
    assert (web["n_leads"], web["promised"], web["happened"]) == (40, pytest.approx(0.1), pytest.approx(0.1))
    assert (web["handed_over"], web["found"]) == (pytest.approx(2 / 80), pytest.approx(2 / 8))
    level = promises.take(source == "fair").level(1.96)
    assert fair == {
        "by": "channel",
        "name": "fair",
        "n_leads": 25,
        "promised": pytest.approx(0.3),
        "happened": pytest.approx(15 / 35),
        "low": level.low,
        "high": level.high,
        "handed_over": pytest.approx(10 / 35),
        "found": pytest.approx(9 / 15),
        "word": judge(promises.take(source == "fair"), 0.3, 0.9).word,
    }
    # Kish: 35 by weight are as sure as 35^2 / (5 * 9 + 20).
    assert (level.low, level.high) == pytest.approx(wilson(15 / 35 * 1225 / 65, 1225 / 65), abs=1e-3)


def test_sizes_are_banded_from_numbers_and_nobody_is_left_out():
    sizes = [np.nan, 0.0, 9.0, 10.0, 49.0, 50.0, 249.0, 250.0, 1e6]
    found = names({"fit__employees": np.repeat(sizes, 20)})
    assert found == [
        ("size", "", 20),
        ("size", "1-9", 40),
        ("size", "10-49", 40),
        ("size", "250+", 40),
        ("size", "50-249", 40),
    ]
    bands = np.repeat(np.array(["1_9", None], dtype=object), 20)
    assert names({"fit__employees_band": bands}) == []
    assert names({"fit__employee_band": bands}) == [("size", "", 20), ("size", "1_9", 20)]


def test_the_first_column_of_each_kind_that_is_there_is_taken_whatever_its_family():
    columns = {
        "intent__channel": np.repeat("mail", 20),
        "fit__country": np.repeat("FR", 20),
        "engagement__source": np.repeat("web", 20),
        "fit__employee_band": np.repeat("1_9", 20),
    }
    assert names(columns) == [("size", "1_9", 20), ("region", "FR", 20), ("channel", "web", 20)]
    assert names({**columns, "fit__region": np.repeat("Sud", 20)})[1] == ("region", "Sud", 20)
    assert names({"fit__noise": np.zeros(20)}) == []
    # Numbers are banded where they are sizes; a region may be one.
    assert names({"fit__region": np.full(20, 75.0)}) == [("region", "75.0", 20)]


def test_the_eight_largest_parts_of_twenty_leads_are_shown_in_the_order_of_their_names():
    sizes = {"a": 19, "b": 20, "c": 30, "d": 31, "e": 32, "f": 33, "g": 34, "h": 35, "i": 36, "j": 37}
    found = names({"fit__source": np.repeat(list(sizes), list(sizes.values()))})
    assert found == [("channel", name, sizes[name]) for name in "cdefghij"]
    few = {"a": 19, "b": 20, "c": 30}
    assert [part[1] for part in names({"fit__source": np.repeat(list(few), list(few.values()))})] == ["b", "c"]
    # Equally large ones in the order of their names.
    assert [part[1] for part in names({"fit__source": np.repeat(list("jihgfedcba"), 20)})] == list("abcdefgh")


def test_without_wins_nothing_can_be_found():
    (part,), _ = told({"fit__source": np.repeat("web", 20)}, handed=np.ones(20, bool))
    assert (part["found"], part["handed_over"], part["happened"]) == (None, 1.0, 0.0)
