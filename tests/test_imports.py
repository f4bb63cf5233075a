"""The shape of the package: imports run one way, and importing it costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "jianghua"
# What each part may import of the others; itself always.
MAY: dict[str, set[str]] = {"schema": set(), "config": {"schema"}, "codebook": {"schema"}, "metrics": {"schema"}}
MAY["records"] = MAY["corpus"] = {"schema", "codebook", "config", "metrics", "records", "corpus"}
MAY["modeling"] = MAY["corpus"] | {"modeling"}
MAY |= dict.fromkeys(("trainers", "evaluation", "inference"), MAY["modeling"])
FILES = sorted(PACKAGE.rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _imports(path: Path) -> frozenset[str]:
    """Every module that the file names in an import, wherever it stands; `from a import b` names a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _part(module: str) -> str:
    names = module.split(".")
    return names[1] if names[0] == "jianghua" and len(names) > 1 else ""


def _reached(start: str) -> set[str]:
    """All modules that importing the package's part `start` would import, from inside the package and out."""
    by_name = {_module(path): path for path in FILES}
    queue = [name for name in by_name if _part(name) == start]
    seen: set[str] = set()
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue += _imports(by_name[name]) if name in by_name and name != "jianghua" else []
    return seen


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_imports_run_one_way(path: Path) -> None:
    part = _part(_module(path))
    # The package's own __init__ hands out analyze() lazily; `from jianghua import x` is followed as jianghua.x.
    if part:
        parts = {_part(name) for name in _imports(path)} - {"", part, "__version__"}
        assert parts <= MAY[part], f"{_module(path)} imports {sorted(parts - MAY[part])}"


def test_every_part_has_its_place() -> None:
    assert {_part(_module(path)) for path in FILES} - {""} == set(MAY)


def test_schema_needs_the_standard_library_only() -> None:
    names = {name.split(".")[0] for name in _imports(PACKAGE / "schema.py")}
    assert names <= set(sys.stdlib_module_names)


def test_metrics_import_neither_torch_nor_transformers() -> None:
    assert not {"torch", "transformers", "datasets"} & {name.split(".")[0] for name in _reached("metrics")}


def test_inference_reaches_no_trainer_and_no_training_library() -> None:
    reached = _reached("inference")
    assert "jianghua.modeling.classifier" in reached
    assert not {name for name in reached if _part(name) in ("trainers", "evaluation")}
    assert not {"datasets", "evaluate", "accelerate"} & {name.split(".")[0] for name in reached}


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_nothing_imports_a_launcher(path: Path) -> None:
    launchers = {file.stem for folder in ("scripts", "training") for file in (ROOT / folder).glob("*.py")}
    assert not {name.split(".")[0] for name in _imports(path)} & (launchers | {"scripts", "training"})


def test_no_module_repeats_a_top_level_folder_and_no_launcher_a_library() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"data"}
    assert not {path.stem for path in PACKAGE.iterdir()} & (folders - {"src"})
    taken = {"evaluate", "datasets", "accelerate", "transformers", "torch", "jianghua"}
    assert not {file.stem for folder in ("scripts", "training") for file in (ROOT / folder).glob("*.py")} & taken


def test_importing_the_package_is_light() -> None:
    code = "import sys, jianghua; print(*sorted({'torch', 'transformers', 'datasets', 'numpy'} & set(sys.modules)))"
    best = float("inf")
    for _ in range(3):  # another process may be using the machine
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        best = min(best, time.perf_counter() - began)
        assert done.stdout.split() == []
    assert best <= 1.0
