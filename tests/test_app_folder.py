"""What `pip install .` puts on a machine: the command, the recorded runs, the pages."""

import tomllib
from pathlib import Path

from shipdash import app_folder

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_pages_and_all_that_is_no_python_are_on_the_lists():
    """A new page, style or script must not be missing from the wheel."""
    listed = SETTINGS["tool"]["setuptools"]
    pages = [path for patterns in listed["data-files"].values() for p in patterns
             for path in ROOT.glob(p)]
    assert set(pages) == {ROOT / "app.py", ROOT / ".streamlit" / "config.toml",
                          *(ROOT / "pages").glob("*.py")}
    data = {path for p in listed["package-data"]["shipdash"]
            for path in (ROOT / "shipdash").glob(p)}
    others = {path for path in (ROOT / "shipdash").rglob("*")
              if path.is_file() and path.suffix not in (".py", ".pyc")}
    recorded = ROOT / "shipdash" / "recorded"
    assert others <= data | {path for path in others if recorded in path.parents}


def test_in_a_checkout_the_pages_are_those_of_the_checkout():
    """An older installed version beside it is not shown."""
    assert app_folder.app_folder() == ROOT


def test_in_an_installation_they_are_where_pip_puts_data(tmp_path, monkeypatch):
    """Under the prefix of the environment."""
    monkeypatch.setattr(app_folder, "__file__", str(tmp_path / "shipdash" / "app_folder.py"))
    monkeypatch.setattr(app_folder.sys, "prefix", str(tmp_path))
    assert app_folder.app_folder() == tmp_path / "share" / "shipdash"
