"""Corners of the generator, as dotted settings on top of the quick preset; no code."""

CORNERS = [
    "",
    "scene.contrast=0.02",
    "scene.contrast=0.1",
    "scene.contrast=0.15",
    "scene.contrast=0.2",
    "scene.contrast=0.3 scene.noise=0.7",
    "scene.contrast=0.5 scene.noise=0.5",
    "scene.noise=0.25",
    "scene.noise=0.5",
    "scene.noise=1.0 scene.contrast=0.0",
    "scene.distractor=triangle",
    "scene.distractor=none",
    "scene.polarity=low_sea",
    "scene.radius_min=4 scene.radius_max=8",
    "scene.radius_min=20 scene.radius_max=30",
    "scene.polarity=high_sea",
    "planted.label_noise=0.01",
    "planted.label_noise=0.05",
    "scene.radius_min=4 scene.radius_max=16",
    "scene.size=96",
    "scene.size=128 scene.radius_min=20 scene.radius_max=40",
    "scene.size=192 scene.radius_min=10 scene.radius_max=20",
    "scene.size=256 scene.radius_min=10 scene.radius_max=20",
]
"""Contrast plus noise is at most 1, so strong contrast has less noise and noise 1 no contrast."""
