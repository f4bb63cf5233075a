from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jianghua.codebook import load_codebook
from jianghua.metrics.classification import multi_label_report, single_label_report
from jianghua.metrics.rouge import corpus_rouge

ROOT = Path(__file__).parents[2]
TASKS = (["review", "heading", "review"], ["review", "heading", "guidance"])
DOMAINS = ([["economy"], [], ["ecology", "other"]], [["economy"], [], ["ecology"]])
TEXTS = (["平安建设", ""], ["平安建设再上台阶", "法治建设"])

# One process for all three: `import evaluate` takes seconds, and its cache folder is fixed at import.
PROGRAM = """
import json, socket, sys

def refuse(*args, **kwargs):
    raise AssertionError("a metric module opened a connection")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
import evaluate

tasks, domains, texts = json.loads(sys.argv[1])

def run(name, pair, **options):
    return evaluate.load(f"scripts/metrics/{name}").compute(predictions=pair[0], references=pair[1], **options)

print(json.dumps({
    "task_type": run("task_type", tasks),
    "policy_domain": run("policy_domain", domains),
    "char_rouge": run("char_rouge", texts),
    "char_rouge_0.3": run("char_rouge", texts, convention="char-set-0.3"),
}))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = str(tmp_path_factory.mktemp("hf"))
    # Offline is not set: the modules must open by path without asking anyone, not because asking is forbidden.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSFORMERS_OFFLINE"))}
    environment |= {"HF_HOME": home, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", PROGRAM, json.dumps([TASKS, DOMAINS, TEXTS])]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_task_type_gives_the_package_report(results: dict[str, Any]) -> None:
    assert results["task_type"] == single_label_report(TASKS[1], TASKS[0], load_codebook().task_type.labels)


def test_policy_domain_gives_the_package_report(results: dict[str, Any]) -> None:
    assert results["policy_domain"] == multi_label_report(DOMAINS[1], DOMAINS[0], load_codebook().policy_domain.labels)


def test_char_rouge_gives_the_package_means_in_each_convention(results: dict[str, Any]) -> None:
    assert results["char_rouge"] == corpus_rouge(*TEXTS)
    assert results["char_rouge_0.3"] == corpus_rouge(*TEXTS, "char-set-0.3")
    assert results["char_rouge"] != results["char_rouge_0.3"]
