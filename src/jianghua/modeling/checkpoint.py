"""Loading and saving checkpoint folders: plain transformers files, and `jianghua.json` beside them."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from jianghua.modeling.tokenization import check_tokenizer
from jianghua.records import sha256
from jianghua.schema import InputError

SETTINGS_FILE = "jianghua.json"
T = TypeVar("T")


def read_settings(folder: Path, kind: str, build: Callable[[dict[str, Any]], T]) -> T:
    """What this project stores beside the weights, made into its record by `build`.

    Raises:
        InputError: no such folder, not a checkpoint of this kind, or settings that `build` cannot read.
    """
    path = folder / SETTINGS_FILE
    if not path.is_file():
        found = f"no {SETTINGS_FILE} there" if folder.is_dir() else "no such folder"
        do = f"train one with training/train_{kind}.py, or correct the path"
        raise InputError(f"a {kind} checkpoint in {folder}", found, do)
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        if settings["kind"] == kind:
            return build(settings)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found = f"{type(error).__name__}: {error}"
        raise InputError(f"the settings of a {kind} in {path}", found, "train and save the checkpoint again") from error
    found = f"a {settings['kind']}"
    raise InputError(f"a {kind} checkpoint in {folder}", found, f"give the folder of a {kind}")


def checkpoint_kind(folder: Path, kinds: Sequence[str]) -> str:
    """Which of `kinds` the checkpoint in `folder` is.

    Raises:
        InputError: no such folder, or not a checkpoint of one of these kinds.
    """
    path, wanted = folder / SETTINGS_FILE, " or ".join(kinds)
    if not path.is_file():
        found = f"no {SETTINGS_FILE} there" if folder.is_dir() else "no such folder"
        raise InputError(f"a {wanted} checkpoint in {folder}", found, "train one with training/, or correct the path")
    try:
        kind = json.loads(path.read_text(encoding="utf-8"))["kind"]
    except (ValueError, KeyError, TypeError) as error:
        found = f"{type(error).__name__}: {error}"
        raise InputError(f'a JSON object with "kind" in {path}', found, "save the checkpoint again") from error
    if kind not in kinds:
        raise InputError(f"a {wanted} checkpoint in {folder}", f"kind {kind!r}", "give the folder of such a checkpoint")
    return kind


def checkpoint_id(folder: Path) -> str:
    """Name of the folder and the first 12 digits of the SHA-256 of its weights (of the digests, for several files).

    Raises:
        InputError: no safetensors weights in the folder.
    """
    digests = [sha256(path) for path in sorted(folder.glob("*.safetensors"))]
    if not digests:
        raise InputError(f"safetensors weights in {folder}", "none", "save the checkpoint again, or correct the path")
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return f"{folder.resolve().name}@{whole[:12]}"


def write_settings(folder: Path, settings: dict[str, Any]) -> None:
    (folder / SETTINGS_FILE).write_text(json.dumps(settings, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder or hub name, tested on a Chinese sentence.

    Raises:
        InputError: no such tokenizer, or one that loses Chinese text.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError) as error:
        found = " ".join(str(error).split())[:300]
        raise InputError(f"a tokenizer at {name}", found, "check the name or path") from error
    check_tokenizer(tokenizer, name)
    return tokenizer


def load_model(
    auto_class: Any, name: str, *, strict: bool, dtype: torch.dtype = torch.float32, **config: Any
) -> PreTrainedModel:
    """Load weights from safetensors only; custom code is never run.

    Args:
        auto_class: an Auto class of transformers.
        strict: refuse a checkpoint that lacks any weight of the class (a trained model);
            otherwise only the heads may be new (a base model to fine-tune).

    Raises:
        InputError: no such model, pickled or damaged weights, weights missing or of another shape.
    """
    try:
        model, info = auto_class.from_pretrained(
            name, dtype=dtype, use_safetensors=True, output_loading_info=True, trust_remote_code=False,
            ignore_mismatched_sizes=True, **config,
        )  # fmt: skip
    except (OSError, ValueError, SafetensorError) as error:
        found = " ".join(str(error).split())[:300]
        do = "check the name or path, or convert the weights"
        raise InputError(f"a model with safetensors weights at {name}", found, do) from error
    lost = sorted({*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])})
    if not strict:
        lost = [key for key in lost if _in_body(key, model)]
    if lost:
        found = f"{len(lost)} missing or of another shape, first {lost[0]}"
        do = "use a checkpoint of this architecture"
        raise InputError(f"all weights of {type(model).__name__} in {name}", found, do)
    return model


def _in_body(key: str, model: PreTrainedModel) -> bool:
    """Whether a weight belongs to what a base model has learned; T5 and encoder-decoder pairs are body all over."""
    body = f"{model.base_model_prefix}."
    if any(name.startswith(body) for name in model.state_dict()):
        return key.startswith(body) and "pooler" not in key
    return True


def save_checkpoint(
    folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: dict[str, Any], half: bool
) -> None:
    """Write weights (fp16 if `half`: half the size, loaded as fp32), tokenizer and settings."""
    folder.mkdir(parents=True, exist_ok=True)
    # A copy keeps tied weights tied (a cast state_dict would write them several times).
    saved = copy.deepcopy(model).cpu().to(torch.float16 if half else torch.float32)
    saved.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_settings(folder, settings)


def inference_dtype(device: torch.device) -> torch.dtype:
    """bf16 where the hardware multiplies it natively, else fp32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    has_bf16 = torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if has_bf16 else torch.float32


def default_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
