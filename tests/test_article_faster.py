"""Ways to make the article's network faster: what is compared and stored; no network."""

import pandas as pd
import pytest

from benchmarks import article_faster
from benchmarks.child import Answer


def test_every_way_is_held_against_the_first(tmp_path, monkeypatch, capsys):
    """By the largest difference of a loss; a row each, with the unit of time it was measured in."""
    asked = []

    def measure(program, **variables):
        if program == "matrix_product":
            return Answer({"seconds": [0.2, 0.1, 0.3]}, 1.0, 0.0)
        asked.append(variables)
        off = 0.25 * (variables == article_faster.WAYS["bfloat16 products"])
        return Answer({"train_per_s": 12.345, "predict_per_s": 50.0, "compile_s": 3.0,
                       "losses": [1.5, 1.0 - off]}, 1.0, 0.0)

    monkeypatch.setattr(article_faster, "measure", measure)
    monkeypatch.setattr(article_faster, "STORED", tmp_path / "faster.csv")
    article_faster.main([])
    assert not article_faster.STORED.exists()
    article_faster.main(["--keep"])
    table = pd.read_csv(article_faster.STORED).set_index("way")
    assert asked == 2 * list(article_faster.WAYS.values())
    assert table["changes"].drop("bfloat16 products").eq(0).all()
    assert table.loc["bfloat16 products", "changes"] == pytest.approx(0.25)
    assert set(table["product_s"]) == {0.2} and table.loc["as it is", "train_per_s"] == 12.35
    assert "without oneDNN" in capsys.readouterr().out
