"""Generator: set every range of a scene and see ten pairs change at once."""

from shipdash.ui import frame
from shipdash.ui.generator import page as generator

frame.page("Generator", "Every image is noise; the shapes are a little brighter or darker than "
           "the sea. The ellipse is the target; the second shape is a distractor.")
generator.page()
