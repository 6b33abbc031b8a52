"""The folder of a pretrained model: the one given, or the one that the hub knows by that name."""

import hashlib
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from samesku.runtime.extras import need_extra

# What a model is loaded from; of what else repositories hold (other frameworks, ONNX, pickles)
# nothing is fetched.
WANTED = ("*.json", "*.txt", "*.model", "model*.safetensors", "*/model*.safetensors")
UNWANTED = ("onnx/*", "openvino/*", "coreml/*", "*.onnx", "original/*")
# Seconds after which the hub is out of reach.
PATIENCE = 5.0


def find_model(source: str | Path) -> Path:
    """The folder of a model: `source` itself, or what the hub has by that name (``@revision``).

    What was fetched once is there also when the hub is out of reach. Raises ValueError where there
    is no such model, or the hub cannot be reached; says what to do.
    """
    folder = Path(source)
    if folder.is_dir():
        return folder
    name, _, revision = str(source).partition("@")
    if folder.is_absolute() or name.startswith(".") or name.count("/") > 1 or folder.exists():
        raise ValueError(f"{source} is no folder with a model")
    return _from_hub(name, revision or None)


def weights_of(folder: Path) -> list[Path]:
    """The weights of a model, in safetensors.

    Raises ValueError where there are none, or only pickled ones, which can run code when loaded.
    """
    if weights := sorted(folder.glob("model*.safetensors")):
        return weights
    if pickled := sorted([*folder.glob("*.bin"), *folder.glob("*.pt"), *folder.glob("*.pth")]):
        raise ValueError(
            f"{pickled[0]} is pickled, which can run code when it is loaded: convert the model to "
            "safetensors (save_pretrained does) and give that folder"
        )
    raise ValueError(f"{folder} holds no model.safetensors; give the folder of a saved model")


def digest_of(files: Iterable[Path]) -> str:
    """A hash of the files' contents, in their order."""
    digest = hashlib.blake2b(digest_size=16)
    for path in files:
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


@contextmanager
def quiet() -> Iterator[None]:
    """Without what libraries say of loading, saving and exporting; what matters is checked here."""
    from transformers.utils import logging as shown

    bars = shown.is_progress_bar_enabled()
    shown.disable_progress_bar()
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(logging.NOTSET)
        if bars:
            shown.enable_progress_bar()


@cache
def _from_hub(name: str, revision: str | None) -> Path:
    need_extra(f"the model {name}", "train", "torch", "transformers")
    from huggingface_hub import errors, snapshot_download

    try:
        place = snapshot_download(
            name,
            revision=revision,
            allow_patterns=list(WANTED),
            ignore_patterns=list(UNWANTED),
            etag_timeout=PATIENCE,
        )
    except errors.LocalEntryNotFoundError as error:
        raise ValueError(
            f"cannot reach the hub for {name}: download it where you can, then give its folder: "
            "--encoder hf:PATH"
        ) from error
    except (errors.HfHubHTTPError, errors.HFValidationError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"the hub has no model {name} for you: {reason}") from error
    return Path(place)
