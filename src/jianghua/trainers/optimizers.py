"""The optimisers of pretraining: AdamW, and Muon for the matrices with AdamW for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

_BETAS = (0.9, 0.98)


class Joined(torch.optim.Optimizer):
    """Several optimisers that step together under one schedule."""

    def __init__(self, parts: list[torch.optim.Optimizer]) -> None:
        self.parts = parts
        self.defaults: dict[str, Any] = {}

    @property
    def param_groups(self) -> list[dict[str, Any]]:  # type: ignore[override]
        return [group for part in self.parts for group in part.param_groups]

    @property
    def state(self) -> dict[Any, Any]:  # type: ignore[override]
        return {key: value for part in self.parts for key, value in part.state.items()}

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        loss = closure() if closure else None
        for part in self.parts:
            part.step()
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)


def make_optimizer(model: nn.Module, name: str, learning_rate: float, weight_decay: float) -> torch.optim.Optimizer:
    """`adamw`, or `muon` (Jordan et al. 2024) for the matrices inside the layers.

    Vectors and embeddings are not decayed. Muon's step is scaled to the size of AdamW's, so one rate serves both.
    """
    named = [(key, p) for key, p in model.named_parameters() if p.requires_grad]
    inside = [p for key, p in named if p.ndim == 2 and any(part in key for part in (".layers.", ".layer.", ".h."))]
    chosen = {id(p) for p in inside}
    rest = [(key, p) for key, p in named if id(p) not in chosen]
    embeddings = ("embeddings", ".wte.", ".wpe.")
    decayed = [p for key, p in rest if p.ndim == 2 and not any(part in key for part in embeddings)]
    plain = [p for key, p in rest if p.ndim != 2 or any(part in key for part in embeddings)]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    if name == "adamw":
        groups[0]["params"] = inside + decayed
        return torch.optim.AdamW(groups, lr=learning_rate, betas=_BETAS, eps=1e-6, fused=True)
    muon = torch.optim.Muon(inside, lr=learning_rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
    return Joined([muon, torch.optim.AdamW(groups, lr=learning_rate, betas=_BETAS, eps=1e-6, fused=True)])
