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


def test_the_decision_says_what_was_measured():
    """Speeds of every way, and the hours that follow for the article's count."""
    table = pd.read_csv(article_faster.STORED).set_index("way")
    speeds = table["train_per_s"].map("{:.1f}".format)
    text = " ".join((article_faster.ROOT / "docs" / "decisions.md").read_text("utf-8").split())
    hours = 215_000 / table.loc["as it is", "train_per_s"] / 3600
    for words in (
            f"trains {speeds['as it is']} images a second and predicts "
            f"{table.loc['as it is', 'predict_per_s']:.0f}",
            f"at a time trains {speeds['one operation at a time']}, one thread "
            f"{speeds['one thread']}, TensorFlow without oneDNN {speeds['without oneDNN']}, XLA "
            f"{speeds['XLA']}", f"as fast ({speeds['AVX2 only']})",
            f"no faster ({speeds['bfloat16 products']})", f"takes {hours:.1f} hours"):
        assert words in text
    changes = table["changes"]
    assert changes["bfloat16 products"] < changes["one thread"]
