"""Generator: set every range of a scene and see ten pairs change at once."""

from shipdash.ui import frame
from shipdash.ui.generator import page as generator

frame.page("Generator", "Every image is noise; a shape is a little brighter or darker than its "
           "sea. The ellipse is the target, the second shape only distracts.")
generator.page()
