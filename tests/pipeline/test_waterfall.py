"""The waterfall: it leads from start to end, says all that it shows, and stays inside its frame."""

import re
from xml.etree import ElementTree

import pytest

from pipeline.report.waterfall import WIDTH, waterfall

MOVES = [("Requested a demo 3 days ago", 12.0), ("No budget & <no> need", -5.5), ("x" * 40 + " " + "y" * 90, 0.01)]


def drawn(moves=MOVES, start=0.02, language="en"):
    end = start + sum(points for _, points in moves) / 100
    svg = waterfall(start, moves, end, language).replace('role="img"', 'role="img" xmlns="svg"')
    return ElementTree.fromstring(svg)  # noqa: S314  our own


def bars(root):
    return [(float(x.get("x")), float(x.get("width"))) for x in root.findall("{svg}rect")]


def test_each_bar_begins_where_the_one_before_ended():
    (_, start), first, second, _, (_, end) = bars(drawn())
    assert start + first[1] == pytest.approx(second[0] + second[1] - bars(drawn())[0][0], abs=0.2)
    assert second[0] - bars(drawn())[0][0] == pytest.approx(end - 0.3, abs=0.5)


@pytest.mark.parametrize("start", [0.0, 0.02, 0.9])
@pytest.mark.parametrize("moves", [MOVES, [("down", -1.5), ("up", 1.0)], []])
def test_nothing_leaves_the_frame(start, moves):
    root = drawn(moves, start)
    assert all(x >= 0 and x + width <= WIDTH - 50 for x, width in bars(root))
    height = float(root.get("viewBox").split()[3])
    assert all(0 <= float(text.get("y")) <= height for text in root.findall("{svg}text"))


def test_a_screen_reader_is_told_every_step_and_its_points():
    root = drawn()
    told = root.find("{svg}desc").text
    assert root.get("aria-label") == "From your typical lead to this one, in points of propensity"
    assert root.get("aria-describedby") == root.find("{svg}desc").get("id")
    assert told.startswith("Your typical lead: 2%; Requested a demo 3 days ago: +12.0; No budget & <no> need: −5.5; ")
    assert told.endswith("This lead: 8.5%")


def test_a_long_sentence_takes_two_lines_and_a_fall_is_told_without_colour():
    root = drawn([("word " * 30, 2.0), ("down", -1.0)])
    lines = [text.text for text in root.findall("{svg}text") if text.get("text-anchor") == "end"]
    assert sum("word" in line for line in lines) == 2
    assert all(len(line) <= 60 for line in lines)
    assert [rect.get("fill") for rect in root.findall("{svg}rect")][2] == "url(#fall)"


def test_it_speaks_french():
    told = drawn(language="fr").find("{svg}desc").text
    assert re.search(r"Votre lead type\u00a0: 2\u00a0%.*Ce lead\u00a0: 8,5\u00a0%", told)
