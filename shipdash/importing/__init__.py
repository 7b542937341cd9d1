"""Pictures and masks that a person brings, made into a stored data set. Nothing learns here.

``request``: what can be asked for. ``file_reading``, ``archive``: where files are read from.
``pictures``, ``mask_values``: one picture, one mask. ``mask_folder``, ``run_lengths``, ``coco``:
the three kinds of labels; ``unlabelled``: none. ``fit``: the asked size. ``draft``: the data set
while it is being made. ``importer``: the loop that uses them all. ``report``: what was taken and
what was not.
"""

from __future__ import annotations

from shipdash.importing.archive import Contents, contents
from shipdash.importing.importer import Stopped, import_pairs
from shipdash.importing.report import LeftOut, Report, Taken, read_report
from shipdash.importing.request import ImportRequest

__all__ = ["Contents", "ImportRequest", "LeftOut", "Report", "Stopped", "Taken", "contents",
           "import_pairs", "read_report"]
