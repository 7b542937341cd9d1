"""What to expect in other corners of the generator: the stored table, as the page shows it."""

import paging
import pandas as pd

from shipdash.analysis.corners import corners_finding, corners_table
from shipdash.ui import frame

ROWS = pd.DataFrame({
    "changes": [None, None, *["scene.contrast=0.1 scene.noise=0.5"] * 2],
    "n_core": [27, 25, 20, 20], "n_tested": [60, 60, 20, 24], "mean_iou": [0.91, 0.92, 0.2, 0.1],
    "share_failing": [0.16, 0.2, 0.9, 1.0], "cpu_s": [8.0, 8.4, 18.0, 18.2],
    "reason": ["exhausted", "exhausted", "capped", "exhausted"]})


def test_a_scene_is_a_row_with_medians_and_ranges():
    """In the form's words, in the order measured."""
    table = corners_table(ROWS)
    assert table["scene"].tolist() == ["the quick preset unchanged",
                                       "contrast 0.1, noise amplitude 0.5"]
    assert table["kept"].tolist() == ["26 (25 to 27)", "20"]
    assert table["failure rate"].tolist()[0] == "18.0% (16.0% to 20.0%)"
    assert table["did not learn"].tolist() == ["0 of 2", "2 of 2"]
    assert table["stopped at the limit"].tolist() == ["0 of 2", "1 of 2"]


def test_the_finding_names_the_scenes_where_nothing_is_learnt():
    """Or says that there are none."""
    table = corners_table(ROWS)
    assert corners_finding(table) == "No network learns at contrast 0.1, noise amplitude 0.5"
    assert "at least one network learns" in corners_finding(table.iloc[:1])


def test_the_table_that_ships_is_on_the_generator_page(tmp_path, monkeypatch):
    """Three model seeds in every scene, the preset itself among them."""
    monkeypatch.setenv("SHIPDASH_RUNS", str(tmp_path / "runs"))
    shipped = pd.read_csv(frame.RECORDED / "corners.csv")
    table = corners_table(shipped)
    assert table["scene"].iloc[0] == "the quick preset unchanged"
    assert shipped.fillna({"changes": ""}).groupby("changes").size().min() >= 3
    at = paging.open_page("pages/1_Generator.py")
    assert len(at.dataframe[0].value) == len(table)
