"""Where this package keeps its files: one folder, readable by its owner only."""

from __future__ import annotations

import os
from pathlib import Path

from hs_notebook.errors import SettingError


def home() -> Path:
    """The folder for the store and the embedded gateway's files, absolute, created with mode 0700.

    `HOLYSHEEP_HOME` names it; else it is the platform's user data folder.

    Raises:
        SettingError: There is no such folder and none can be made.
    """
    chosen = os.environ.get("HOLYSHEEP_HOME")
    if chosen:
        folder = Path(chosen).expanduser().absolute()  # it is handed to a process that stands elsewhere
    else:
        from platformdirs import user_data_path

        folder = user_data_path("hs_notebook", appauthor=False)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(
            f"The folder {folder} cannot be used: {(error.strerror or str(error)).lower()}.",
            remedy="Name a folder of yours in HOLYSHEEP_HOME.",
        ) from error
    return folder
