"""The benchmark of exploration, on a tiny company: every system is there, and the closed loop is what it says."""

import json

import numpy as np

from benchmarks.exploration import main
from benchmarks.exploration_company import CHANGE, HORIZON_DAYS, LATER, make


def test_the_table_holds_every_system_and_the_drawn_bring_the_level_below_the_threshold_back(tmp_path, capsys):
    main(["--companies", "1", "--leads", "150", "--shares", "0.2", "--json", str(tmp_path / "rows.json")])
    rows = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))["rows"]
    found = {row["system"]: row for row in rows if row["case"] == "company 100"}
    assert list(found) == ["tamis", "naive", "everybody"]
    assert "below_log_loss" in capsys.readouterr().out
    assert found["naive"]["n_extra"] == found["tamis"]["n_extra"] > 50
    assert 0 < found["tamis"]["n_extra_won"] < found["tamis"]["n_extra"]
    assert found["naive"]["below_ratio"] < 0.7
    assert abs(found["tamis"]["below_ratio"] - 1) < abs(found["naive"]["below_ratio"] - 1)
    assert found["tamis"]["below_log_loss"] < found["naive"]["below_log_loss"]


def test_the_company_is_won_as_often_as_its_truth_says_and_some_kinds_become_better():
    company = make(1, 2000)
    assert abs(company.would_win.mean() - company.truth.mean()) < 0.01
    created = company.leads["created_at"].to_numpy()
    before, after = (company.truth[company.changed & here].mean() for here in (created < CHANGE, created >= CHANGE))
    assert after > 4 * before
    assert (company.delay_s < 27 * 86_400).all()
    assert HORIZON_DAYS > 27 + 31
    assert np.all(np.diff(created) >= 0)
    assert LATER > CHANGE
