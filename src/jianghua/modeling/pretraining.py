"""An encoder under pretraining: one model of transformers, and a loss for each objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase

from jianghua.schema import InputError

IGNORED = -100
_TEMPERATURE = 0.05  # of contrastive learning (Gao et al. 2021)
_DETECTION_WEIGHT = 50.0  # of replaced-token detection beside its generator (Clark et al. 2020)


class Pretraining(nn.Module):
    """Returns {"loss": scalar} for a batch of `jianghua.trainers.pretraining_batches`, whose `objective` picks it.

    Attributes:
        encoder: any AutoModelForMaskedLM that takes a mask of shape (rows, 1, length, length).
        teacher: (its encoder, frozen) for the objective `similarity`; never saved.
        tokens, operations: what went through the encoder so far in this process: tokens, and floating-point operations
            of its matrix products, forward and backward.
    """

    def __init__(
        self, encoder: PreTrainedModel, label_names: Mapping[str, Sequence[str]] | None = None,
        generator: PreTrainedModel | None = None, teacher: PreTrainedModel | None = None, compiled: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder, self.generator = encoder, generator
        self.detector = nn.Linear(width, 1) if generator else None
        labels = (label_names or {}).values()
        self.label_heads = nn.ModuleList([nn.Linear(width, max(1, len(values))) for values in labels])
        self._teacher = [teacher.eval().requires_grad_(False)] if teacher else []
        # Rows have few shapes, so each is compiled for its own; the number of asked positions changes every step.
        self._read = torch.compile(_states, dynamic=False) if compiled else _states
        self._cross_entropy = torch.compile(_cross_entropy, dynamic=True) if compiled else _cross_entropy
        self.tokens, self.operations = 0, 0.0
        self._body = sum(p.numel() for p in encoder.parameters()) - encoder.get_input_embeddings().weight.numel()
        _keep_tied_once(self)
        self._losses: dict[str, Callable[[Mapping[str, torch.Tensor]], torch.Tensor]] = {
            "language": self._language, "replaced": self._replaced, "title_body": self._title_body,
            "distant": self._distant, "similarity": self._similarity,
        }  # fmt: skip

    def forward(self, objective: str, return_loss: bool = True, **batch: torch.Tensor) -> dict[str, torch.Tensor]:
        loss = self._losses[objective](batch)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"{objective} loss is {loss.item()}; lower run.learning_rate")
        return {"loss": loss}

    def _language(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        hidden = self._packed(batch["input_ids"], batch)
        return self._asked(self.encoder, hidden, batch["targets"])

    def _packed(self, ids: torch.Tensor, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """(rows, length, width) of rows that hold several documents; none sees another."""
        self._count(ids)
        return self._read(self.encoder, ids, block_mask(batch["document"], batch["causal"]))

    def _count(self, ids: torch.Tensor) -> None:
        self.tokens += ids.numel()
        self.operations += 6.0 * self._body * ids.numel()

    def _asked(self, model: PreTrainedModel, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Cross-entropy over the vocabulary, computed at the asked positions only."""
        asked = targets != IGNORED
        chosen = hidden[asked]
        self.operations += 6.0 * chosen.numel() * model.config.vocab_size
        return self._cross_entropy(model, chosen, targets[asked])

    def _replaced(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        assert self.generator is not None and self.detector is not None  # the trainer refuses the objective otherwise
        ids, targets = batch["input_ids"], batch["targets"]
        asked = targets != IGNORED
        mask = block_mask(batch["document"], batch["causal"])
        logits = vocabulary_logits(self.generator, _states(self.generator, ids, mask)[asked]).float()
        # Gumbel noise from the ids themselves: the draw must not depend on the process's random state.
        noise = torch.Generator(device="cpu").manual_seed(int(ids.sum()) % 2**31)
        uniform = torch.rand(logits.shape, generator=noise).to(logits.device).clamp(1e-9, 1 - 1e-9)
        drawn = (logits.detach() - (-uniform.log()).log()).argmax(dim=-1)
        filled = torch.where(asked, targets, ids).masked_scatter(asked, drawn)
        original = torch.where(asked, targets, ids)
        found = self.detector(self._packed(filled, batch)).squeeze(-1).float()
        detection = functional.binary_cross_entropy_with_logits(found, (filled != original).float())
        return functional.cross_entropy(logits, targets[asked]) + _DETECTION_WEIGHT * detection

    def _pooled(self, batch: Mapping[str, torch.Tensor], prefix: str = "") -> torch.Tensor:
        ids, mask = batch[f"{prefix}input_ids"], batch[f"{prefix}attention_mask"]
        self._count(ids)
        return mean_pooled(_states(self.encoder, ids, mask), mask)

    def _title_body(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Each body must find its title among all titles of the batch, and the other way round."""
        bodies = functional.normalize(self._pooled(batch).float(), dim=-1)
        titles = functional.normalize(self._pooled(batch, "title_").float(), dim=-1)
        found = bodies @ titles.T / _TEMPERATURE
        right = torch.arange(len(found), device=found.device)
        return (functional.cross_entropy(found, right) + functional.cross_entropy(found.T, right)) / 2

    def _distant(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Mean over the label names; a document without a label under a name does not count there."""
        pooled, labels = self._pooled(batch), batch["labels"]
        losses = [
            functional.cross_entropy(head(pooled).float(), labels[:, i], ignore_index=-1)
            for i, head in enumerate(self.label_heads)
            if (labels[:, i] >= 0).any()
        ]
        return torch.stack(losses).mean()

    def _similarity(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The batch's cosine similarities as the teacher finds them (relational distillation; any two widths)."""
        teacher = self._teacher[0].to(batch["input_ids"].device)
        mask = batch["teacher_attention_mask"]
        with torch.no_grad():
            hidden = teacher.base_model(input_ids=batch["teacher_input_ids"], attention_mask=mask).last_hidden_state
        wanted, found = _similarities(mean_pooled(hidden, mask)), _similarities(self._pooled(batch))
        return functional.kl_div(found.log_softmax(-1), wanted.log_softmax(-1), log_target=True, reduction="batchmean")


def _states(model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state


def _cross_entropy(model: PreTrainedModel, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(vocabulary_logits(model, hidden).float(), targets)


def _keep_tied_once(module: nn.Module) -> None:
    """Leave second names of a parameter out of `state_dict` (safetensors refuses them) and put them back on loading."""
    firsts: dict[int, str] = {}
    named = module.named_parameters(remove_duplicate=False)
    tied = {name: first for name, p in named if (first := firsts.setdefault(id(p), name)) != name}

    def drop(_: nn.Module, state: dict[str, Any], prefix: str, __: Any) -> None:
        for name in tied:
            state.pop(prefix + name)

    def restore(_: nn.Module, state: dict[str, Any], prefix: str, *__: Any) -> None:
        state.update({prefix + name: state[prefix + first] for name, first in tied.items()})

    module.register_state_dict_post_hook(drop)
    module.register_load_state_dict_pre_hook(restore)


def _similarities(pooled: torch.Tensor) -> torch.Tensor:
    unit = functional.normalize(pooled.float(), dim=-1)
    own = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    return (unit @ unit.T / _TEMPERATURE).masked_fill(own, -1e4)


def block_mask(document: torch.Tensor, causal: torch.Tensor) -> torch.Tensor:
    """(rows, 1, length, length) bool: which position (second last) may see which.

    `document` (rows, length) says where each document of a row stands; a row marked in `causal` (rows,) sees only what
    came before.
    """
    same = document[:, :, None] == document[:, None, :]
    length = document.shape[1]
    before = torch.ones(length, length, dtype=torch.bool, device=document.device).tril()
    return (same & (before | ~causal[:, None, None]))[:, None]


def vocabulary_logits(model: PreTrainedModel, hidden: torch.Tensor) -> torch.Tensor:
    """The masked-language-model head of any of transformers' encoders on chosen hidden states (n, width).

    Raises:
        InputError: a class whose head is not known here.
    """
    if hasattr(model, "decoder"):
        return model.decoder(model.head(hidden))
    for name in ("cls", "lm_head"):
        if hasattr(model, name):
            return getattr(model, name)(hidden)
    raise InputError("BERT, RoBERTa, RoFormer, ERNIE, ModernBERT or a class like them", type(model).__name__,
                     "pretrain one of those")  # fmt: skip


def mean_pooled(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(rows, width): the mean of the states (rows, length, width) where `mask` (rows, length) is 1."""
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)


def new_encoder(architecture: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """A masked language model from random initialisation; `architecture` holds `model_type` and its values."""
    values = dict(architecture)
    if "model_type" not in values:
        found = ", ".join(values) or "nothing"
        raise InputError("model_type in architecture", found, "add it, for example modernbert")
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "bos", "eos", "cls", "sep")}
    config = AutoConfig.for_model(values.pop("model_type"), vocab_size=len(tokenizer), **ids, **values)
    return AutoModelForMaskedLM.from_config(config)


@torch.no_grad()
def start_from_vectors(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, vectors: Path, seed: int) -> int:
    """Start the embedding of each piece at the mean of its characters' static vectors; how many pieces had any.

    `vectors` is an .npz with `embeddings` (characters, size) and beside it a .vocab.txt, one character a line. They are
    brought to the model's width by a random projection and to the spread of its initialisation.

    Raises:
        InputError: a missing file, or rows that do not match.
    """
    names = vectors.with_suffix("").with_suffix(".vocab.txt")
    if not vectors.is_file() or not names.is_file():
        raise InputError(f"{vectors} and {names.name} beside it", "not both", "correct static_vectors")
    matrix = np.load(vectors)["embeddings"].astype(np.float32)
    characters = names.read_text(encoding="utf-8").splitlines()
    if len(matrix) != len(characters):
        found = f"{len(matrix)} and {len(characters)}"
        raise InputError("as many vectors as characters", found, "give the files that belong together")
    weight: Any = model.get_input_embeddings().weight
    projection = np.random.default_rng(seed).normal(size=(matrix.shape[1], weight.shape[1]))
    projected = (matrix - matrix.mean(axis=0)) @ projection
    scaled = torch.from_numpy(projected * float(weight.std()) / projected.std()).to(weight)
    row = {character: i for i, character in enumerate(characters)}
    started = 0
    for piece, index in tokenizer.get_vocab().items():
        rows = [row[character] for character in piece if character in row]
        if rows and index not in tokenizer.all_special_ids:
            weight[index] = scaled[rows].mean(dim=0) * len(rows) ** 0.5
            started += 1
    return started
