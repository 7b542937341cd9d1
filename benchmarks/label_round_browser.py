"""One whole round of labelling in Chromium, on the nuclei, with a picture of each step.

    python -m benchmarks.label_round_browser FOLDER PICTURES_FOLDER [--unlabelled 400] [--next 50]

`FOLDER` holds ``images/ID.png`` and ``masks/ID.png`` (BBBC038), of which the masks of 400 are held
back. A person uploads the labelled pairs and the images, selects, ranks, marks 50 by keyboard,
exports the list, uploads their masks, continues, and compares both runs. Ends with an error where
the page or the console told one. Both networks are trained for real, so it takes minutes; the
scores are those of one seed (`label_round` has five). Needs requirements-dev.txt and Debian's
Chromium.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from benchmarks.browser import chromium
from benchmarks.demonstration import Camera
from benchmarks.label_round import HELD_OUT, N_LABELLED_NEXT, N_UNLABELLED, SIZE, names
from benchmarks.server import serving
from benchmarks.ten_minutes import PATIENCE_MS, Talk, at_rest, heading, says, seen, until
from shipdash.labelling import Marks
from shipdash.runs import Store

LOOKS = [("light", (1440, 1000)), ("dark", (1440, 1000))]
SEED = 1  # of the split


def main() -> None:
    """Go through it, and say what was not as it should be."""
    asked = _asked()
    asked.pictures.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        os.environ["SHIPDASH_DATA"] = f"{place}/data"
        runs = f"{place}/runs"
        with serving(runs) as url, chromium() as browser:
            talk = Talk(browser=browser, url=url, store=Store(runs),
                        picture=Camera(asked.pictures, LOOKS).take, problems=problems)
            drive(talk, asked, Path(place))
    for wait in talk.waits:
        print(f"{wait.seconds:7.1f} s  {wait.what}")
    if problems:
        raise SystemExit("\n".join(problems))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--labelled", type=int, help="pairs whose masks are known; by default all")
    parser.add_argument("--unlabelled", type=int, default=N_UNLABELLED)
    parser.add_argument("--next", type=int, default=N_LABELLED_NEXT)
    return parser.parse_args()


def drive(talk: Talk, asked: argparse.Namespace, place: Path) -> None:
    """All of it."""
    labelled, images = names(asked.folder, SEED)
    labelled, images = labelled[:asked.labelled], images[:asked.unlabelled]
    page = talk.window()
    page.goto(talk.url + "/Your_data", wait_until="commit")
    heading(page, "Your data")
    _bring(talk, page, _zipped(place / "labelled.zip", asked.folder, labelled), HELD_OUT)
    _bring(talk, page, _zipped(place / "new.zip", asked.folder, images, masks=False), None)
    before = select(talk, page)
    rank(talk, page, len(images))
    mark(talk, page, asked.next)
    chosen = exported(talk, page, place)
    assert len(chosen) == asked.next, f"{len(chosen)} images are in the list"
    page.goto(f"{talk.url}/Your_data", wait_until="commit")
    heading(page, "Your data")
    _bring(talk, page, _zipped(place / "more.zip", asked.folder, chosen), 0)
    after = go_on(talk, page)
    compare(talk, page, before, after)


def _zipped(path: Path, folder: Path, chosen: list[str], *, masks: bool = True) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for side in ("images", "masks") if masks else ("images",):
            for file in chosen:
                archive.write(folder / side / file, f"{side}/{file}")
    return path


def _bring(talk: Talk, page: Page, archive: Path, held_out: float | None) -> None:
    """Upload and import an archive at the size of the round; without masks if `held_out` is None.

    The data set has the archive's name and is in view afterwards.
    """
    upload = page.locator("input[type=file]")
    asked = page.get_by_text("ZIP archive of images and masks")
    if not (asked.count() and asked.first.is_visible()):  # folded where a data set is in view
        page.get_by_text("Import images and masks").click()
    upload.set_input_files(archive)
    expect(page.get_by_role("textbox", name="Name of the data set")).to_have_value(
        archive.stem, timeout=PATIENCE_MS)
    at_rest(page)
    if not page.get_by_role("spinbutton", name="Rows (px)").first.is_visible():  # it stays unfolded
        page.get_by_text("Options: mask values, size, groups, held-out pairs").click()
    for label, value in (("Rows (px)", SIZE), ("Columns (px)", SIZE), ("Held-out share", held_out)):
        if value is not None:
            box = page.get_by_role("spinbutton", name=label)
            box.fill(str(value))
            box.press("Enter")
            at_rest(page)
    talk.picture(page, f"{archive.stem}-uploaded")
    with talk.timed(f"{archive.name}: imported", None):
        page.get_by_role("button", name="Import", exact=True).click()
        page.wait_for_url(f"**data={archive.stem}*")
        at_rest(page)
    talk.picture(page, f"{archive.stem}-imported")


def select(talk: Talk, page: Page) -> str:
    """The selection from the labelled pairs, seen through; its id."""
    page.goto(f"{talk.url}/Your_data?data=labelled", wait_until="commit")
    heading(page, "Your data")
    page.get_by_role("radio", name="Selection").click()
    with talk.timed("The selection from the labelled pairs", None):
        page.get_by_role("button", name="Start the selection").click()
        says(page, "Completed.")
    at_rest(page)
    talk.picture(page, "selected")
    (run,) = talk.store.list()
    return run.run_id


def rank(talk: Talk, page: Page, n: int) -> None:
    """The images, ranked by that run."""
    page.goto(f"{talk.url}/Label_next?data=new", wait_until="commit")
    heading(page, "Label next")
    talk.picture(page, "to-rank")
    with talk.timed(f"{n:,} images ranked", None):
        page.get_by_role("button", name=f"Rank {n:,} images").click()
        seen(page.locator(".marker-rank"))
    at_rest(page)


def mark(talk: Talk, page: Page, n: int) -> None:
    """The first `n` by keyboard, all of them wrong; then whether the ranking can be trusted."""
    page.get_by_label("Your name").fill("ann")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Wrong")).to_be_enabled(timeout=PATIENCE_MS)
    at_rest(page)
    talk.picture(page, "to-mark")
    with talk.timed(f"{n} images marked", None):
        for k in range(n):
            page.keyboard.press("w")
            until(lambda k=k: len(Marks("new").standing()) > k, page=page)
    talk.picture(page, "marked")
    page.get_by_role("radio", name="Can it be trusted?").click()
    seen(page.locator(".shipdash-chart .main-svg"))
    at_rest(page)
    talk.picture(page, "trust")


def exported(talk: Talk, page: Page, place: Path) -> list[str]:
    """File names of the list to label."""
    page.get_by_role("radio", name="Export and import").click()
    button = page.get_by_role("button", name="List (CSV)")
    seen(button)
    at_rest(page)
    talk.picture(page, "export")
    with page.expect_download() as download:
        button.click()
    download.value.save_as(place / "list.csv")
    with (place / "list.csv").open(newline="", encoding="utf-8") as text:
        return sorted(Path(row["file"]).name for row in csv.DictReader(text))


def go_on(talk: Talk, page: Page) -> str:
    """The run that goes on with the newly labelled pairs, seen through; its id."""
    page.goto(f"{talk.url}/Label_next?data=new", wait_until="commit")
    heading(page, "Label next")
    page.get_by_role("radio", name="Continue").click()
    seen(page.get_by_role("button", name="Start the run"))
    at_rest(page)
    talk.picture(page, "continue")
    known = {run.run_id for run in talk.store.list()}
    with talk.timed("The run that goes on", None):
        page.get_by_role("button", name="Start the run").click()
        heading(page, "Run")
        says(page, "Completed.")
    at_rest(page)
    talk.picture(page, "gone-on")
    (run,) = [run for run in talk.store.list() if run.run_id not in known]
    return run.run_id


def compare(talk: Talk, page: Page, before: str, after: str) -> None:
    """Both runs in one table, with the held-out scores as they are stored."""
    page.goto(f"{talk.url}/Compare?runs={before},{after}", wait_until="commit")
    heading(page, "Compare")
    seen(page.locator(".shipdash-chart .main-svg"))
    talk.picture(page, "compare")
    page.goto(f"{talk.url}/Evaluation?run={after}", wait_until="commit")
    heading(page, "Evaluation")
    talk.picture(page, "evaluation")
    for words, run_id in (("before", before), ("after", after)):
        held_out = talk.store.result(run_id).held_out
        print(f"{words}: held-out mean IoU {held_out.mean_iou:.4f}, failing "
              f"{held_out.share_failing:.1%} of {held_out.n}")


if __name__ == "__main__":
    main()
