"""scripts/recalibrate.py on a tiny cross-validation of the samples."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from jianghua.config import run
from jianghua.modeling.batching import ClassifierInput
from jianghua.modeling.classifier import load_classifier, predict
from jianghua.modeling.parts import drop_parts
from jianghua.records import read_jsonl, write_jsonl
from jianghua.schema import InputError

ROOT = Path(__file__).parents[2]
RULES = ROOT / "configs" / "codebook" / "zhengfa_rules.yaml"
SAMPLES = [ROOT / "data" / "samples" / f"{name}.jsonl" for name in ("train", "dev", "test")]
CONFIG = """
train_data: [{data}]
dev_data: []
save_to: unused
architecture: {{model_type: modernbert, hidden_size: 16, intermediate_size: 16, num_hidden_layers: 1,
               num_attention_heads: 2, global_attn_every_n_layers: 1, max_position_embeddings: 64}}
vocab_size: 3000
max_length: 48
ngrams: 2000
held_out_share: 0.3
save_half: false
run: {{output_dir: unused, max_steps: 2, num_train_epochs: 1, precision: fp32, report_to: none, eval_steps: 2}}
"""


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_for_recalibration", ROOT / "scripts" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def _check_rules(folder: Path) -> None:
    """The rules went with the checkpoint, and they are heard."""
    assert (folder / "rules.yaml").read_bytes() == RULES.read_bytes()
    classifier = load_classifier(folder)
    assert classifier.rules and classifier.rules.decided.mixing.domain_ngrams > 0.1
    text = "要深入推进扫黑除恶专项斗争，打击黑恶势力及其保护伞。"
    place = classifier.settings.policy_domain.index("anti_gang")
    spoken = predict(classifier, [ClassifierInput(text)]).domain[0, place]
    silent = predict(dataclasses.replace(classifier, rules=None), [ClassifierInput(text)]).domain[0, place]
    assert spoken > silent
    damaged = json.loads((folder / "rules.json").read_text(encoding="utf-8"))
    del damaged["mixing"]
    (folder / "rules.json").write_text(json.dumps(damaged), encoding="utf-8")
    with pytest.raises(InputError, match=r"mixing, thresholds and review_below in .*rules\.json"):
        load_classifier(folder)
    (folder / "rules.json").unlink()
    with pytest.raises(InputError, match=r"rules\.json in .*restore both files"):
        load_classifier(folder)
    drop_parts(folder)
    assert load_classifier(folder).rules is None


def test_recalibrated_once_on_what_the_folds_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, folds = str(tmp_path / "data.jsonl"), str(tmp_path / "folds.json")
    write_jsonl([row for path in SAMPLES for row in read_jsonl(path)], Path(data))
    assert _load("make_folds").main(["--data", data, "--folds", "2", "--output", folds]) == 0
    (tmp_path / "config.yaml").write_text(CONFIG.format(data=data), encoding="utf-8")
    common = ["--data", data, "--folds", folds]
    out = str(tmp_path / "cv")
    words = ["--config", str(tmp_path / "config.yaml"), "--out", out]
    assert _load("cross_validate").main([*common, *words, "--folds-to-run", "0"]) == 0
    script, model = _load("recalibrate"), tmp_path / "cv" / "seed-0" / "fold-0" / "model"
    call = [*common, "--model", str(model), "--out-of-fold", out]
    assert run(lambda: script.main(call)) == 2
    assert "fold 1 is not there; run scripts/cross_validate.py" in capsys.readouterr().err
    assert _load("cross_validate").main([*common, *words]) == 0
    before = load_classifier(model)
    assert script.main([*call, "--measure-only"]) == 0
    assert load_classifier(model).settings == before.settings
    ruled = shutil.copytree(model, tmp_path / "ruled")
    with_rules = [*common, "--model", str(ruled), "--out-of-fold", out, "--rules", str(RULES)]
    assert script.main(with_rules) == 0
    _check_rules(ruled)
    assert script.main(call) == 0
    assert "other folds:" in capsys.readouterr().out
    after = load_classifier(model)
    assert before.ngrams and after.ngrams
    assert after.ngrams.decided.thresholds != before.ngrams.decided.thresholds
    assert after.ngrams.decided.mixing != before.ngrams.decided.mixing
    assert json.loads((model / "jianghua.json").read_text(encoding="utf-8"))["recalibrated_on"] == "cv, seed 0"
    assert run(lambda: script.main(call)) == 2
    assert "expected a checkpoint as it was trained" in capsys.readouterr().err
