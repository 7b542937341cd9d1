"""Who may import whom: THE table of the package, and that pages never start TensorFlow."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]


class Row(NamedTuple):
    """Floor of a module, the modules of ours and the packages of others it may import."""

    floor: int
    ours: str = ""
    theirs: str = ""
    lazily: str = ""  # inside functions only


ALL_BELOW = "all below"

TABLE = {
    "config": Row(0, "config"),  # a package: its own parts
    "records": Row(0, theirs="numpy"),
    "metrics": Row(0, theirs="numpy"),
    "scene": Row(1, "config", "numpy skimage"),
    "learner": Row(1, "config metrics", "numpy", lazily="unet"),  # the one door to TensorFlow
    # the room behind the door; of `learner` it takes the protocol's records
    "unet": Row(1, "config learner metrics", "numpy tensorflow keras"),
    "store": Row(1, "config records store", "numpy"),  # a package: its own parts too
    "pool": Row(2, "config scene", "numpy"),
    "selection": Row(2, "config records metrics learner pool", "numpy"),
    "certificate": Row(2, "", "numpy scipy"),
    "evaluation": Row(3, "metrics pool learner records", "numpy"),
    # a package: its own parts too; scene: its factors are what strata are made of
    "arms": Row(3, "config records metrics learner scene pool arms", "numpy"),
    # a package: its own parts too; certificate: its conditions are read from a run's records;
    # SciPy: the overlap of random sets is hypergeometric
    "summary": Row(3, "certificate records summary", "numpy pandas scipy"),
    "figures": Row(4, "summary figures", "numpy pandas plotly"),
    # what a worker works on, and what came of it: `experiment` had grown too long for one module
    "tasks": Row(4, "config records learner pool selection store arms", "numpy"),
    "outcome": Row(4, "config records learner"),
    # NumPy: it stores scores and checkpoints
    "experiment": Row(4, f"{ALL_BELOW} tasks outcome", "numpy"),
    # a worker that has its learner before its run
    "standby": Row(5, "config experiment learner store"),
    # records: the states a queue moves between; standby: runs are handed over to it
    "jobs": Row(5, "config records standby store"),
    # beside jobs: arms in the queue; arms: what to ask for
    "arm_jobs": Row(5, "arms config jobs records store"),
    # bars of the command line, the run's own and that of other processes' runs
    "progress": Row(5, "config records store"),
    # a command of its own module, as the sweep's
    "evaluate": Row(5, "arm_jobs arms config progress records store"),
    # which runs repeat a run, and all that is stored about one, as tables for page and study alike
    "replicas": Row(2, "config store"),
    "evidence": Row(4, "config pool records replicas store summary", "pandas"),
    # beside jobs: what a replica needs to be seen through and summed up
    "replica_jobs": Row(5, "arm_jobs config records replicas store summary", "pandas"),
    # a package: its own parts too; records: the states of its points; Dask is an optional extra
    "sweep": Row(5, "config records store jobs sweep", "joblib", lazily="distributed"),
    # a package: its own parts too; it times what it imports, and asks programs beside the package
    "bench": Row(5, "config metrics outcome pool store bench", "numpy"),
    # its own parts too; plotly for its JavaScript, which live charts need offline
    "ui": Row(6, f"{ALL_BELOW} ui", "streamlit numpy pandas plotly PIL"),
    "__main__": Row(6, ALL_BELOW, "numpy", lazily="skimage"),  # to export pictures
    "pages": Row(7, ALL_BELOW, "streamlit"),  # app.py and pages/
}
"""Floors, one line a module; whoever changes a line says why in the same commit."""

NOT_FOR_PAGES = {"unet", "__main__"}
BEHIND_THE_DOOR = {"tensorflow", "keras"}


class Import(NamedTuple):
    """One imported name: `module` is ours without the package, or another's top-level package."""

    ours: bool
    module: str
    lazy: bool  # inside a function
    place: str


def sources(name: str) -> list[Path]:
    """Files of a row; none where the module is not written yet."""
    if name == "pages":
        return [path for path in (ROOT / "app.py", *(ROOT / "pages").glob("*.py"))
                if path.exists()]
    single, folder = ROOT / "shipdash" / f"{name}.py", ROOT / "shipdash" / name
    return [single] if single.exists() else sorted(folder.rglob("*.py"))


def imports(text: str, place: str) -> list[Import]:
    """Every import of a module, those inside functions too; the standard library left out."""
    found = []

    def visit(node: ast.AST, lazy: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                names = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom):
                assert not child.level, f"{place}:{child.lineno}: relative import"
                whole = child.module == "shipdash"  # then what is imported are modules
                names = [f"shipdash.{alias.name}" for alias in child.names] if whole else [
                    child.module]
            else:
                visit(child, lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef
                                                | ast.Lambda))
                continue
            found.extend(_import(name, lazy, f"{place}:{child.lineno}") for name in names)

    visit(ast.parse(text), False)
    return [item for item in found if item and item.module not in sys.stdlib_module_names]


def _import(name: str, lazy: bool, place: str) -> Import | None:
    top, _, rest = name.partition(".")
    if top != "shipdash":
        return Import(False, top, lazy, place)
    module = rest.partition(".")[0]
    if not module or module.startswith("__version"):  # the package itself holds its version only
        return None
    return Import(True, module, lazy, place)


def allowed(name: str) -> tuple[set[str], set[str]]:
    """What a row may import of ours and of others, at the top of a file."""
    row = TABLE[name]
    words = row.ours.replace(ALL_BELOW, "")
    ours = set(words.split())
    if ALL_BELOW in row.ours:
        ours |= {other for other, its in TABLE.items() if its.floor < row.floor} - NOT_FOR_PAGES
    return ours, set(row.theirs.split())


def breaches(name: str, text: str, place: str = "x.py") -> list[str]:
    """Imports of a module's source that the table does not allow, as sentences."""
    ours, theirs = allowed(name)
    lazily = set(TABLE[name].lazily.split())
    return [
        f"{item.place}: {name} may not import {item.module}"
        for item in imports(text, place)
        if item.module not in (ours if item.ours else theirs) | (lazily if item.lazy else set())
    ]


@pytest.mark.parametrize("name", TABLE)
def test_a_module_imports_what_the_table_allows(name):
    """Parsed, not run, so an import inside a function counts too."""
    found = [breach for path in sources(name)
             for breach in breaches(name, path.read_text("utf-8"), str(path.relative_to(ROOT)))]
    assert not found, "\n".join(found)


def test_every_module_is_in_the_table():
    """A new module has a floor before it has users; one not yet written is no error."""
    written = {path.stem if path.suffix else path.name for path in (ROOT / "shipdash").iterdir()
               if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))}
    assert written - {"__init__"} <= set(TABLE) - {"pages"}


def test_the_table_points_downwards():
    """No module imports one above it, and no chain of imports leads back to its start."""
    graph = {name: allowed(name)[0] - {name} for name in TABLE}
    for name, below in graph.items():
        assert all(TABLE[other].floor <= TABLE[name].floor for other in below), name
    done: set[str] = set()
    while len(done) < len(graph):
        ready = {name for name, below in graph.items() if name not in done and below <= done}
        assert ready, f"a circle among {sorted(set(graph) - done)}"
        done |= ready


def test_the_package_itself_imports_nothing():
    """`import shipdash` costs nothing: it holds the version."""
    text = (ROOT / "shipdash" / "__init__.py").read_text("utf-8")
    assert imports(text, "shipdash/__init__.py") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config", "import numpy"),
        ("config", "from shipdash import records"),
        ("scene", "import shipdash.pool"),
        ("selection", "from shipdash.store import Store"),
        ("selection", "def f():\n    import tensorflow as tf"),
        ("learner", "from shipdash.unet import TensorFlowLearner"),
        ("learner", "if True:\n    import shipdash.unet"),
        ("ui", "class A:\n    async def f(self):\n        from shipdash.unet import build"),
        ("summary", "import plotly.express as px"),
        ("pages", "import keras.layers"),
        ("experiment", "from shipdash import config, jobs"),
    ],
)  # fmt: skip
def test_a_forbidden_import_is_found(name, text):
    """The test of the test: every form of the statement, wherever it stands."""
    assert len(breaches(name, text)) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config", "import os, json\nfrom __future__ import annotations"),
        ("learner", "def f():\n    from shipdash.unet import TensorFlowLearner"),
        ("experiment", "import shipdash\nfrom shipdash import __version__, config as configs"),
        ("ui", "from shipdash.ui import chart\nfrom shipdash import jobs"),
        ("scene", "from skimage.draw import ellipse"),
    ],
)  # fmt: skip
def test_an_allowed_import_passes(name, text):
    """The table forbids nothing it names."""
    assert breaches(name, text) == []


def test_what_pages_use_imports_no_tensorflow():
    """A fresh interpreter imports all of shipdash but `unet`; the server must stay light."""
    modules = []
    for name in set(TABLE) - {"pages", "unet"}:
        for path in sources(name):
            parts = path.relative_to(ROOT).with_suffix("").parts
            modules.append(".".join(parts).removesuffix(".__init__"))
    program = (
        "import importlib, sys\n"
        f"for name in {sorted(modules)!r}: importlib.import_module(name)\n"
        f"print(sorted({BEHIND_THE_DOOR!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
