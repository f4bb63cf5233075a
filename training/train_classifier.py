"""Fine-tune the classifier.

    accelerate launch training/train_classifier.py --config configs/classifier/small.yaml

Every value of the YAML can be overridden: `--run.learning_rate 1e-4 --model hfl/chinese-roberta-wwm-ext`.
An interrupted run resumes by itself from its newest complete checkpoint.
"""

from __future__ import annotations

import json
import sys

from jianghua.config import parse_config, run
from jianghua.trainers.classifier import ClassifierConfig, train_classifier


def main() -> None:
    config = parse_config(ClassifierConfig, None, __doc__ or "")
    scores = train_classifier(config)
    summary = {
        data: {axis: {key: round(report[key], 4) for key in ("macro_f1", "micro_f1")} for axis, report in axes.items()}
        for data, axes in scores.items()
    }
    print(json.dumps({"saved": str(config.save_to), "dev": summary}, indent=1))


if __name__ == "__main__":
    sys.exit(run(main))
