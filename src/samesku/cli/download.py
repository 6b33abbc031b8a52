"""`samesku download`."""

import contextlib
import zipfile
from typing import Any

from samesku.cli.commands import Download
from samesku.cli.console import TerminalProgress, console
from samesku.cli.summary import show_summary
from samesku.runtime.extras import need_extra

COMPETITION = "shopee-product-matching"
RULES = f"https://www.kaggle.com/competitions/{COMPETITION}/rules"


def download(options: Download) -> None:
    """Get the competition's archive through the kaggle package and unpack it."""
    out = options.out
    api, progress = _kaggle(), TerminalProgress()
    out.mkdir(parents=True, exist_ok=True)
    console.print(f"Downloading {COMPETITION} (1.8 GB) to {out}")
    # The package draws a bar of its own, which ours must not write over.
    start = progress.elapsed
    try:
        api.competition_download_files(COMPETITION, path=str(out), quiet=False)
    except Exception as error:  # the package raises its own HTTP errors, of no common class
        if "403" in str(error):
            raise OSError(
                f"Kaggle refused: accept the competition's rules at {RULES} with your account first"
            ) from error
        raise OSError(f"Kaggle could not be reached or refused: {error}") from error
    progress.seconds["download"] = progress.elapsed - start
    archive = out / f"{COMPETITION}.zip"
    try:
        with progress.stage("unpack"), zipfile.ZipFile(archive) as packed:
            packed.extractall(out)
    except zipfile.BadZipFile as error:
        raise OSError(f"{archive} is damaged; delete it and download again") from error
    archive.unlink()
    show_summary(progress, written=[out])
    console.print(f"Ready: samesku evaluate {out}")


def _kaggle() -> Any:
    need_extra("download", "download", "kaggle")
    try:
        # Importing the package reads the credentials; when there are none it prints a page of
        # advice of its own and ends the process.
        with contextlib.redirect_stdout(None):
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
    except (OSError, SystemExit, ValueError) as error:
        raise OSError(
            "no Kaggle credentials: create an API token at https://www.kaggle.com/settings, save "
            "it as ~/.kaggle/kaggle.json or set KAGGLE_USERNAME and KAGGLE_KEY, and accept the "
            f"rules at {RULES}"
        ) from error
    return api
