from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from jianghua.config import config_hash, config_values, parse_config, portable
from jianghua.schema import InputError


@dataclass(frozen=True)
class Optimiser:
    rate: float = 1e-3
    cache: Path = Path("cache")


@dataclass(frozen=True)
class Run:
    steps: int
    name: str = "run"
    mode: Literal["fast", "slow"] = "fast"
    resume: bool = False
    data: list[Path] = field(default_factory=list)
    optional: Path | None = None
    model: str | Path = "models/tiny"
    optimiser: Optimiser = field(default_factory=Optimiser)
    parts: dict[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Picky:
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InputError("a share between 0 and 1", f"{self.share}", "correct it")


def write(folder: Path, text: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def parse(arguments: list[str]) -> Run:
    return parse_config(Run, arguments, "test")


def test_the_command_line_overrides_the_yaml_and_the_yaml_the_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, "steps: 3\nname: 一号\noptimiser:\n  rate: 2e-5\n")
    config = parse(["--name", "二号", f"--config={path}", "--optimiser.cache", "x"])
    assert (config.steps, config.name, config.mode) == (3, "二号", "fast")
    assert config.optimiser == Optimiser(2e-5, Path("x"))


def test_a_required_value_may_stand_in_either_place(tmp_path: Path) -> None:
    assert parse(["--steps", "4"]) == Run(4)
    assert parse(["--config", write(tmp_path, ""), "--steps", "4"]).steps == 4
    with pytest.raises(InputError, match="expected a value for steps, found none in the command line"):
        parse([])


def test_paths_of_a_yaml_count_from_its_repository(tmp_path: Path) -> None:
    text = "steps: 1\ndata: [data/a, /abs/b]\noptional: ../up\nparts: {train: t.jsonl}\nmodel: models/base\n"
    path = write(tmp_path / "configs" / "deep", text)
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    config = parse(["--config", path])
    assert config.data == [tmp_path / "data/a", Path("/abs/b")]
    assert config.optional == tmp_path / ".." / "up"
    assert config.parts == {"train": tmp_path / "t.jsonl"}
    assert config.optimiser.cache == tmp_path / "cache"
    assert config.model == "models/base"


def test_paths_of_a_yaml_outside_a_repository_count_from_its_folder(tmp_path: Path) -> None:
    assert parse(["--config", write(tmp_path, "steps: 1\noptional: x")]).optional == tmp_path / "x"
    assert parse(["--steps", "1", "--optional", "x"]).optional == Path("x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps: 1\nnmae: x", "'nmae' in .*c.yaml; write name"),
        ("steps: 1\noptimiser: {rat: 1}", "'optimiser.rat' in .*; write optimiser.rate"),
        ("steps: many", "expected int for steps, found 'many' in .*; correct the value"),
        ("steps: true", "expected int for steps, found 'True'"),
        ("steps: 1.0", "expected int for steps"),
        ("steps: 1\nname: 3", "expected str for name, found '3'"),
        ("steps: 1\nmode: warp", r"expected Literal\['fast', 'slow'\] for mode, found 'warp'"),
        ("steps: 1\noptimiser: {rate: quick}", "expected float for optimiser.rate, found 'quick'"),
        ("steps: 1\noptimiser: 3", "expected a mapping of Optimiser fields, found 3"),
        ("steps: null", "expected int for steps, found nothing"),
        ("steps: 1\nsteps: 2", "expected each key once, found 'steps' twice"),
        ("steps: [1", "expected YAML in UTF-8"),
        ("- steps", "expected a mapping of Run fields"),
    ],
)
def test_wrong_yaml_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse(["--config", write(tmp_path, text)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "1", "--stpes", "2"], "'--stpes' in the command line; write --steps"),
        (["--steps", "x"], "expected int for steps, found 'x' in the command line"),
        (["--steps", "1", "--nam", "x"], "'--nam' in the command line; write --name"),
        (["--config", "/no/such.yaml"], "found nothing at /no/such.yaml"),
        (["--config", "a.yaml", "--config", "b.yaml"], "expected one --config"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(arguments)


def test_what_the_dataclass_refuses_passes_through() -> None:
    with pytest.raises(InputError, match="a share between 0 and 1, found 3"):
        parse_config(Picky, ["--share", "3"], "test")


def test_the_hash_tells_values_apart_and_checkouts_not(tmp_path: Path) -> None:
    hashes = set()
    for name in ("one", "two"):
        path = write(tmp_path / name, "steps: 1\ndata: [data/a]")
        (tmp_path / name / "pyproject.toml").write_text("", encoding="utf-8")
        hashes.add(config_hash(parse(["--config", path])))
    assert len(hashes) == 1
    assert len(hashes.pop()) == 12
    assert config_hash(Run(1)) != config_hash(Run(2))


def test_values_are_plain_and_portable(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    values = config_values(Run(1, data=[tmp_path / "d" / ".." / "e"]))
    assert values["data"] == ["e"]
    assert values["optimiser"]["rate"] == 1e-3
    assert portable(tmp_path.parent / "elsewhere") == (tmp_path.parent / "elsewhere").as_posix()


def test_a_launcher_ends_with_one_line_and_code_2(tmp_path: Path) -> None:
    program = (
        "from dataclasses import dataclass\nfrom jianghua.config import parse_config, run\n"
        "@dataclass(frozen=True)\nclass C:\n    a: int = 1\n"
        "raise SystemExit(run(lambda: print(parse_config(C, None, 'x').a)))\n"
    )
    (tmp_path / "p.py").write_text(program, encoding="utf-8")
    done = [
        subprocess.run([sys.executable, tmp_path / "p.py", "--a", value], capture_output=True, text=True, check=False)
        for value in ("5", "five")
    ]
    assert (done[0].returncode, done[0].stdout) == (0, "5\n")
    assert done[1].returncode == 2
    assert done[1].stderr == "error: expected int for a, found 'five' in the command line; correct the value\n"
