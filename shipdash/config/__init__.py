"""What can be asked: frozen settings of scene, network, selection and run, checked once, here.

Not what happened (`records`) and not what is shown: nothing outside this package validates a
setting, and nothing inside it draws, trains or writes.
"""

from shipdash.config.base import RUN_ID, ConfigError
from shipdash.config.default_name import default_name, value_in_words
from shipdash.config.presets import PRESETS, article, compact, own, own_of, preset, preset_of, quick
from shipdash.config.run import (
    ALGORITHM,
    SECTIONS,
    RunConfig,
    checked_setting,
    parse_setting,
    setting,
)
from shipdash.config.settings import (
    ArmConfig,
    NetworkConfig,
    PlantedConfig,
    SceneConfig,
    SelectionConfig,
    SourceConfig,
)
