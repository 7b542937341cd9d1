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
    "acceptance": Row(0, "", "numpy"),  # the rule for *fails*
    "config": Row(0, "config"),
    "app_folder": Row(0),  # where the pages are
    "counted": Row(0),  # numbers with what they count, in words
    "processes": Row(0),  # what the operating system offers
    "records": Row(0),
    "view_only": Row(0),  # whether anything can be computed; TensorFlow is looked for only
    "results": Row(1, "config records"),
    "did_not_learn": Row(1, "config records"),  # its worker judges a run, and imports no pandas
    # SciPy: the cosine transform of perceptual hashes, spanning forests of near duplicates; Pillow:
    # grey levels, and the pictures of the sample in the package
    "data": Row(1, "config data", "numpy scipy skimage PIL"),
    "learning": Row(2, "acceptance config processes records results data learning", "numpy",
                    lazily="learning.tensorflow_learner"),
    # the room behind the one door to TensorFlow; data says which pixels of a mask are void
    "learning.tensorflow_learner": Row(2, "config counted data learning learning.networks "
                                          "learning.augmentation", "numpy tensorflow keras"),
    "learning.augmentation": Row(2, "config", "tensorflow"),
    "learning.networks": Row(2, "", "tensorflow keras"),
    "loop": Row(3, "acceptance config records data learning", "numpy"),
    # Dask is an optional extra
    "runs": Row(4, f"{ALL_BELOW} runs", "numpy", lazily="distributed"),
    # Pillow decodes pictures, pycocotools draws COCO's masks; of runs it takes the locks
    "importing": Row(5, "config counted data runs importing", "numpy PIL pycocotools"),
    # SciPy has the intervals, tests and fits; it takes half a second, which no first page waits for
    "analysis": Row(2, "acceptance config counted records results analysis", "numpy pandas",
                    lazily="scipy"),
    # Dask is an optional extra; NumPy for what is kept of a recorded sweep's runs
    "studies": Row(5, f"{ALL_BELOW} analysis studies", "joblib numpy pandas",
                    lazily="distributed"),
    # what to label next: images ranked, marked and gone on from; SciPy: the nearest core pair;
    # Pillow: pictures for a labelling tool
    "labelling": Row(5, f"{ALL_BELOW} analysis labelling", "numpy PIL", lazily="scipy"),
    "figures": Row(5, "analysis figures", "numpy pandas plotly"),
    # Starlette, which comes with Streamlit, hands out plotly.js, which live charts need offline
    "ui": Row(6, f"{ALL_BELOW} ui", "streamlit starlette numpy pandas plotly PIL"),
    # rich draws the bars on a terminal
    "cli": Row(7, f"{ALL_BELOW} cli", "rich"),
    "__main__": Row(8, "cli"),
    "pages": Row(7, ALL_BELOW, "streamlit"),  # app.py and pages/
}
"""Floors, one line a module; whoever changes a line says why in the same commit."""

NEED_TENSORFLOW = {"learning.tensorflow_learner", "learning.networks", "learning.augmentation"}
NOT_FOR_PAGES = NEED_TENSORFLOW | {"__main__"}
BEHIND_THE_DOOR = {"tensorflow", "keras"}


class Import(NamedTuple):
    """One imported name: `module` is ours without the package, or another's top-level package."""

    ours: bool
    module: str
    lazy: bool  # inside a function
    place: str


def sources(name: str) -> list[Path]:
    """Files of a row, those with a row of their own left out."""
    if name == "pages":
        return [ROOT / "app.py", *(ROOT / "pages").glob("*.py")]
    path = ROOT / "shipdash" / name.replace(".", "/")
    single = path.with_suffix(".py") if "." in name else ROOT / "shipdash" / f"{name}.py"
    if single.exists():
        return [single]
    return [file for file in sorted(path.rglob("*.py")) if row_of(dotted(file)) == name]


def dotted(path: Path) -> str:
    """Name of a module of ours without the package: ``learning.networks``."""
    parts = path.relative_to(ROOT / "shipdash").with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def row_of(module: str) -> str:
    """The row that a module of ours belongs to: its own, else its package's."""
    return module if module in TABLE else module.partition(".")[0]


def imports(text: str, place: str) -> list[Import]:
    """Every import of a module, those inside functions too; the standard library left out."""
    found = []

    def visit(node: ast.AST, lazy: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                names = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom):
                assert not child.level, f"{place}:{child.lineno}: relative import"
                names = [f"{child.module}.{alias.name}" for alias in child.names]
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
    if not rest or rest.startswith("__version"):  # the package itself holds its version only
        return None
    found = next((row for row in (rest, rest.rpartition(".")[0]) if row in TABLE), row_of(rest))
    return Import(True, found, lazy, place)


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
        ("data", "import shipdash.learning.metrics"),
        ("loop", "from shipdash.runs import Store"),
        ("loop", "def f():\n    import tensorflow as tf"),
        ("learning", "from shipdash.learning.tensorflow_learner import TensorFlowLearner"),
        ("learning", "if True:\n    import shipdash.learning.networks"),
        ("ui", "class A:\n    async def f(self):\n        from shipdash.learning import networks"),
        ("analysis", "import plotly.express as px"),
        ("pages", "import keras.layers"),
        ("runs", "from shipdash import config, studies"),
    ],
)  # fmt: skip
def test_a_forbidden_import_is_found(name, text):
    """The test of the test: every form of the statement, wherever it stands."""
    assert len(breaches(name, text)) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config", "import os, json\nfrom __future__ import annotations"),
        ("learning", "def f():\n    from shipdash.learning.tensorflow_learner import device_facts"),
        ("runs", "import shipdash\nfrom shipdash import __version__, config as configs"),
        ("ui", "from shipdash.ui import chart\nfrom shipdash.runs import queue"),
        ("data", "from skimage.draw import ellipse"),
    ],
)  # fmt: skip
def test_an_allowed_import_passes(name, text):
    """The table forbids nothing it names."""
    assert breaches(name, text) == []


def test_what_pages_use_imports_no_tensorflow():
    """A fresh interpreter imports all of shipdash but the networks; the server must stay light."""
    modules = []
    for name in set(TABLE) - NEED_TENSORFLOW - {"pages"}:
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


def test_a_title_waits_for_no_slow_library():
    """What is imported before a title, or before the server answers: each of these takes a fifth of
    a second or more."""
    program = ("import sys, shipdash.ui.frame, shipdash.ui.server\n"
               "print(sorted({'pandas', 'scipy.ndimage'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_worker_starts_without_what_the_other_commands_need():
    """A sweep starts one a point: half a second of each start was for bars, clusters and trees."""
    program = ("import sys; sys.argv = ['shipdash', 'work', '0' * 16]; import shipdash.__main__\n"
               "print(sorted({'joblib', 'pandas', 'rich', 'scipy', 'shipdash.cli.commands'}"
               " & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
