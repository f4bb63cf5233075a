"""A wheel outside the checkout: it imports, holds its codebook, and says where models are looked for."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

PROBE = """
import jianghua
from jianghua.codebook import load_codebook
from jianghua.inference.models import find_models
assert "site" in jianghua.__file__, jianghua.__file__
assert len(load_codebook().policy_domain.labels) == 15
try:
    find_models()
except jianghua.InputError as error:
    print(error)
"""


@pytest.mark.slow
def test_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
        names = archive.namelist()
    assert not [name for name in names if name.split("/")[0] in ("training", "scripts", "data", "models", "tests")]
    # The dependencies are borrowed; .pth files (an editable install) do not work from PYTHONPATH.
    path = os.pathsep.join([str(site), sysconfig.get_path("purelib")])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-S", "-c", PROBE], cwd=tmp_path, env=environment, capture_output=True,
                          text=True, timeout=100)  # fmt: skip
    assert done.returncode == 0, done.stderr
    for place in ("models argument", "JIANGHUA_MODELS", "checkout"):
        assert place in done.stdout
