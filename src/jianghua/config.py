"""YAML values become defaults, the command line overrides them; unknown keys and wrong types are errors."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import hashlib
import json
import os
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jsonargparse import ArgumentParser, get_loader

from jianghua.schema import InputError

T = TypeVar("T")

EXIT_INPUT_ERROR = 2


def parse_config(cls: type[T], arguments: list[str] | None, description: str) -> T:
    """Build the dataclass `cls` from `--config file.yaml` and one `--field value` per field (None: `sys.argv`).

    Nested dataclasses are mappings in the YAML and `--outer.inner value` on the command line. Relative paths of a YAML
    (fields of type Path, alone or in lists, tuples and dicts), and the defaults of such fields when a YAML is given,
    count from the YAML's repository: its first parent that holds pyproject.toml, else its folder. Relative paths on
    the command line count from the current folder, as in every other program. A field of type str stays as written.

    Raises:
        InputError: unknown keys, wrong types, missing values, a file that cannot be read; whatever the
            dataclass itself raises in `__post_init__`.
    """
    chosen = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    chosen.add_argument("--config", action="append", default=[], type=Path)
    known, rest = chosen.parse_known_args(sys.argv[1:] if arguments is None else arguments)
    if len(known.config) > 1:
        raise InputError("one --config", ", ".join(map(str, known.config)), "merge the files, or override by --field")
    parser = ArgumentParser(description=description, exit_on_error=False, default_env=False, allow_abbrev=False)
    parser.add_argument("--config", action="config", help="YAML file; the values below override it")
    parser.add_class_arguments(cls)
    where = "the command line"
    if known.config:
        rest = ["--config", json.dumps(_values(cls, known.config[0])), *rest]
        where = f"{known.config[0]} or the command line"
    try:
        values = parser.instantiate(parser.parse_args(rest))
    except argparse.ArgumentError as error:
        raise _explained(str(error), cls, where) from error
    del values["config"]
    return cls(**values.as_dict())


def config_values(config: Any) -> dict[str, Any]:
    """Every field of a configuration dataclass as plain JSON types, ready for a manifest.

    Paths inside a repository are given from its root, so that two checkouts write the same values.
    """
    return {field.name: _plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def config_hash(config: Any) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of `config_values` as canonical JSON."""
    canonical = json.dumps(config_values(config), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def portable(path: Path) -> str:
    """`path` from the root of the repository that holds it, else absolute; with forward slashes."""
    absolute = Path(os.path.normpath(path.absolute()))
    root = _repository(absolute)
    return (absolute if root is None else absolute.relative_to(root)).as_posix()


def run(main: Callable[[], int | None]) -> int:
    """Call a launcher's `main`; an InputError becomes one line on standard error and exit code 2."""
    try:
        return main() or 0
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_INPUT_ERROR


def _repository(path: Path) -> Path | None:
    return next((folder for folder in (path, *path.parents) if (folder / "pyproject.toml").is_file()), None)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return config_values(value)
    if isinstance(value, Path):
        return portable(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _values(cls: type, path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError("a YAML file under --config", f"nothing at {path}", "check the path")
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_repeated(yaml.compose(text, Loader=yaml.SafeLoader), path)
        # PyYAML alone reads 2e-5 as a string.
        values = get_loader("yaml")(text) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("YAML in UTF-8", f"{error} in {path}", "correct the file") from error
    absolute = path.absolute()
    return _checked(cls, values, (str(path), _repository(absolute.parent) or absolute.parent), "")


def _refuse_repeated(node: yaml.Node | None, path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value]
        for key in keys:
            # YAML readers silently keep the last of two.
            if keys.count(key) > 1:
                raise InputError("each key once", f"{key!r} twice in {path}", "remove one")
    if isinstance(node, yaml.CollectionNode):
        for part in node.value:
            for child in part if isinstance(part, tuple) else (part,):
                _refuse_repeated(child, path)


def _checked(cls: type, values: Any, place: tuple[str, Path], prefix: str) -> dict[str, Any]:
    where, root = place
    if not isinstance(values, dict):
        raise InputError(f"a mapping of {cls.__name__} fields", f"{values!r:.60} in {where}", "write key: value lines")
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for key in values:
        if key not in fields:
            raise _unknown(f"{prefix}{key}", [prefix + name for name in fields], where)
    found: dict[str, Any] = {}
    for name in fields:
        if name in values:
            found[name] = _from_yaml(values[name], hints[name], place, prefix + name)
        elif (nested := _nested(hints[name])) is not None and fields[name].default is not None:
            found[name] = _checked(nested, {}, place, f"{prefix}{name}.")
        elif (default := _default(fields[name])) is not None and _holds_path(hints[name]):
            found[name] = _rooted(default, root)
    return found


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else None


def _from_yaml(value: Any, hint: Any, place: tuple[str, Path], name: str) -> Any:
    members = _members(hint)
    if value is None:
        if type(None) not in members:
            raise InputError(
                f"{_type_name(hint)} for {name}", f"nothing in {place[0]}", "give a value, or omit the key"
            )
        return None
    nested = next((member for member in members if dataclasses.is_dataclass(member)), None)
    if isinstance(nested, type):
        return _checked(nested, value, place, f"{name}.")
    listed = next((typing.get_args(m)[0] for m in members if typing.get_origin(m) is list), None)
    if isinstance(listed, type) and dataclasses.is_dataclass(listed) and isinstance(value, list):
        return [_checked(listed, item, place, f"{name}[{i}].") for i, item in enumerate(value)]
    return _rooted(value, place[1]) if _holds_path(hint) else value


def _nested(hint: Any) -> type | None:
    return next((member for member in _members(hint) if dataclasses.is_dataclass(member)), None)  # type: ignore[return-value]


def _members(hint: Any) -> tuple[Any, ...]:
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return typing.get_args(hint) if union else (hint,)


def _holds_path(hint: Any) -> bool:
    """Whether every string under `hint` is a path; `str | Path` is not, a model name may stand there."""
    kinds = [kind for kind in _leaves(hint) if kind is Path or kind is str]
    return bool(kinds) and all(kind is Path for kind in kinds)


def _leaves(hint: Any) -> Iterator[Any]:
    parts = typing.get_args(hint)
    # The keys of a mapping are names.
    for part in parts[1:] if typing.get_origin(hint) is dict else parts:
        yield from _leaves(part)
    if not parts:
        yield hint


def _rooted(value: Any, root: Path) -> Any:
    if isinstance(value, str | Path):
        return str(root / value)
    if isinstance(value, list | tuple):
        return [_rooted(item, root) for item in value]
    return {key: _rooted(item, root) for key, item in value.items()} if isinstance(value, dict) else value


def _unknown(name: str, names: list[str], where: str) -> InputError:
    near = difflib.get_close_matches(name, names, n=1)
    return InputError(
        f"one of the keys {', '.join(names)}", f"{name!r} in {where}", f"write {near[0]}" if near else "remove it"
    )


def _explained(message: str, cls: type, where: str) -> InputError:
    """jsonargparse's complaint as expected, found, do."""
    lost = re.match(r"unrecognized arguments: (\S+)", message)
    if lost:
        return _unknown(lost[1], [f"--{name}" for name in _names(cls)], "the command line")
    wrong = re.match(r'Parser key "([^"]+)":\s*(.*)Got value: (.*)', message, re.DOTALL)
    if wrong:
        hint = _hint(cls, wrong[1].split("."))
        return InputError(f"{_type_name(hint)} for {wrong[1]}", f"{wrong[3]!r:.80} in {where}", "correct the value")
    absent = re.match(r"the following arguments are required: (.*)", message)
    if absent:
        return InputError(f"a value for {absent[1]}", f"none in {where}", "add it to the YAML, or give --FIELD VALUE")
    return InputError(f"values that fit {cls.__name__}", f"{message} in {where}", "see --help")


def _names(cls: type, prefix: str = "") -> list[str]:
    found = [f"{prefix}config"] if not prefix else []
    for name, hint in typing.get_type_hints(cls).items():
        nested = _nested(hint)
        found += _names(nested, f"{prefix}{name}.") if nested else [prefix + name]
    return found


def _hint(cls: type, parts: list[str]) -> Any:
    hint: Any = cls
    for part in parts:
        nested = _nested(hint)
        hint = typing.get_type_hints(nested).get(part, "a value") if nested else hint
    return hint


def _type_name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint).replace("typing.", "")
