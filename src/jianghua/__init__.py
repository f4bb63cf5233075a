"""jianghua (讲话): read every paragraph of official Chinese speeches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Analysis", "InputError", "analyze"]

if TYPE_CHECKING:
    from jianghua.inference.analyze import analyze
    from jianghua.schema import Analysis, InputError


def __getattr__(name: str) -> Any:
    # torch and transformers take seconds to import; `import jianghua` must not.
    if name == "analyze":
        from jianghua.inference.analyze import analyze

        return analyze
    if name in ("Analysis", "InputError"):
        from jianghua import schema

        return getattr(schema, name)
    raise AttributeError(f"module 'jianghua' has no attribute {name!r}")
