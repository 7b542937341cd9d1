"""A ZIP archive from the browser made into a data set; for larger sets, the command that does it.

The archive is judged and read by `importing` alone and is never unpacked.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner_utils.exceptions import ScriptControlException

from shipdash.config import ConfigError
from shipdash.counted import counted
from shipdash.data.files import DataError
from shipdash.importing import Contents, ImportRequest, Stopped, contents, import_pairs
from shipdash.importing.archive import MOST_BYTES, MOST_FILES
from shipdash.importing.draft import unfinished
from shipdash.importing.request import UNLABELLED
from shipdash.ui import address, forms
from shipdash.ui.words import plain

KINDS = {"folders": "a folder of masks", "run_lengths": "a CSV of run lengths",
         "coco": "a COCO JSON", UNLABELLED: "no masks yet"}
IMAGES, MASKS = re.compile("image|picture|photo|train", re.I), re.compile("mask|label|annot", re.I)
"""What folders of images and of masks are usually called: the first guess, to be corrected."""

HOW = ("mask_kind", "threshold", "target", "void", "mask_suffix", "inverted", "fit", "rows", "cols",
       "overlap", "keep_empty", "group", "held_out", "seed")
"""Settings of an import behind *Options*."""

WITHOUT_MASKS = ("fit", "rows", "cols", "overlap", "group")
"""Those of images without masks, all of which go into the pool."""

COMMAND = ("python -m shipdash data add NAME --images FOLDER --masks FOLDER --size 128x128\n"
           "python -m shipdash data add NAME --images FOLDER --csv FILE --fit tiles\n"
           "python -m shipdash data add NAME --images FOLDER --coco FILE")


def box() -> None:
    """Upload, what is in it, how to read it, and the import with its progress."""
    most_mb = st.get_option("server.maxUploadSize")
    n_imported = st.session_state.get("n_imported", 0)
    given = st.file_uploader(
        "ZIP archive of images and masks", type="zip", key=f"upload_{n_imported}",
        help="Masks as pictures, as run lengths in a CSV, or as COCO JSON. Images without masks "
             "can be ranked on Label next.")
    st.caption(f"At most {most_mb} MB, {MOST_FILES:,} files and {MOST_BYTES / 2**30:.0f} GB "
               "unpacked. Larger sets are imported on the command line, which shows its progress "
               "and can be resumed; docs/your-data.md has an example for each kind of label.")
    if given is None:
        st.code(COMMAND, language="bash", wrap_lines=True)
        return
    with contextlib.ExitStack() as stack:
        try:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "upload.zip"
            path.write_bytes(given.getbuffer())
        except OSError as error:
            st.error(f"The archive cannot be stored for reading ({error.strerror or error}): free "
                     f"space in {tempfile.gettempdir()}, or set TMPDIR to a folder that has some.")
            return
        try:
            held = contents(str(path))
            if st.session_state.get("upload_of") != given.file_id:
                _begin_with(given.file_id, given.name, held)
            name = _asked(held, str(path))
        except (ConfigError, DataError) as error:
            st.error(_refusal(error, str(path), given.name))
            return
    if name:
        st.session_state["n_imported"] = n_imported + 1  # an empty box: the archive is done with
        address.put("data", name)
        st.rerun()


def _begin_with(file_id: str, file: str, held: Contents) -> None:
    """Name and kind of labels of another archive; size and the like stay as they were asked."""
    st.session_state["upload_of"] = file_id
    st.session_state["import.name"] = _name_for(file)
    st.session_state["import.kind"] = _kinds(held)[0]


def _asked(held: Contents, path: str) -> str | None:
    """The form of an import; the data set's name once it has been made."""
    if not held.folders:
        raise ConfigError("import.archive", path, "must hold images (PNG, JPEG, TIFF, WebP or BMP)")
    first = st.columns(4, gap="medium")
    with first[0]:
        name = st.text_input("Name of the data set", key="import.name",
                             help="Lower-case letters, digits, - and _.")
    with first[1]:
        images = _folder("Images are in", held, IMAGES, key="import.images")
    with first[2]:
        kind = st.selectbox("Labels are", _kinds(held), format_func=KINDS.get, key="import.kind")
    with first[3]:
        labels = {"folders": lambda: _folder("Masks are in", held, MASKS, key="import.masks"),
                  "run_lengths": lambda: st.selectbox("CSV", held.tables, key="import.csv"),
                  "coco": lambda: st.selectbox("JSON", held.annotations, key="import.coco"),
                  UNLABELLED: lambda: ""}[kind]()
    with st.expander("Options: mask values, size, groups, held-out pairs", key="import_how"):
        more = _settings(WITHOUT_MASKS if kind == UNLABELLED else HOW)
    more |= {"held_out": 0.0} if kind == UNLABELLED else {}
    stopped = next((row for row in unfinished() if row.name == name and not row.at_work), None)
    if stopped:
        st.caption(f"An import of {name} was stopped after {stopped.n_done:,} of "
                   f"{stopped.n_files:,} images. With the same archive and settings it "
                   f"continues; `shipdash data remove {name}` removes what is stored of it.")
    if not st.button("Import", type="primary", key="import_start", icon=":material/upload:"):
        return None
    request = ImportRequest(name=name, kind=kind, archive=path, images=images, labels=labels,
                            **more)
    bar = st.progress(0.0, "Reading the archive")
    st.button("Stop the import", key="import_stop", icon=":material/stop:")  # as any click does
    return _imported(request, bar.progress)


def _imported(request: ImportRequest, show: Callable[[float, str], Any]) -> str:
    """The name of the data set once it is stored.

    A page that is left and a click both end the script by an exception out of `show`; it is passed
    on when the progress so far is stored, so that the same import goes on from there.
    """
    ended: list[ScriptControlException] = []

    def tell(done: int, n: int) -> None:
        try:
            show(done / max(n, 1), f"{done:,} of {counted(n, 'image')}")
        except ScriptControlException as error:
            ended.append(error)

    try:
        name = import_pairs(request, on_progress=tell, is_cancelled=lambda: bool(ended)).name
    except Stopped:
        raise ended[0] from None
    if ended:
        raise ended[0]
    return name


def _settings(names: tuple[str, ...]) -> dict[str, Any]:
    cells, fields = st.columns(4, gap="medium"), {f.name: f for f in
                                                  dataclasses.fields(ImportRequest)}
    found = {}
    for k, name in enumerate(names):
        spec = fields[name]
        about = spec.metadata
        unit = f" ({about['unit']})" if about["unit"] else ""
        with cells[k % 4]:
            key = f"import.{name}"
            st.session_state.setdefault(key, spec.default)
            found[name] = forms.box(spec, about["label"] + unit, key=key, help=about["help"])
    return found


def _folder(label: str, held: Contents, usual: re.Pattern, *, key: str) -> str:
    """A folder of the archive with all below it, at first one of a usual name; `.` is all of it."""
    names = list(held.folders)
    at = next((k for k, name in enumerate(names) if usual.search(name)), 0)
    return st.selectbox(label, names, index=at, key=key, format_func=lambda name: (
        f"{name} ({held.folders[name]:,} pictures)" if name != "." else "the whole archive"))


def _kinds(held: Contents) -> list[str]:
    """The kinds of labels that an archive can have, the likeliest first: masks beside the images
    in their only folder are the least."""
    several = held.n_with_pictures > 1
    likely = [kind for kind, there in (("folders", several), ("run_lengths", held.tables),
                                       ("coco", held.annotations)) if there]
    return [*likely, UNLABELLED, *(["folders"] if not several else [])]


def _name_for(file: str) -> str:
    """A name for the data set from that of the archive."""
    return re.sub(r"[^a-z0-9_-]+", "-", Path(file).stem.lower()).strip("-_")[:64] or "own"


def _refusal(error: Exception, path: str, name: str) -> str:
    """Why an import cannot be, with the name that the archive has on the person's machine."""
    text = str(error)
    if isinstance(error, ConfigError):
        spec = next((f for f in dataclasses.fields(ImportRequest)
                     if f"import.{f.name}" == error.field), None)
        label = spec.metadata["label"] if spec else error.field
        shown = "" if error.value in ("", path) else f" Received: {error.value}."
        text = f"{label} {error.rule}.{shown}"
    text = text.replace(path, name)
    return plain(f"{text[:1].upper()}{text[1:]}")
