"""Fine-tune the short-summary model.

    accelerate launch training/train_summarizer.py --config configs/summarizer/small.yaml

Every value of the YAML can be overridden: `--run.learning_rate 1e-4 --model fnlp/bart-base-chinese`.
An interrupted run resumes by itself from its newest complete checkpoint.
"""

from __future__ import annotations

import json
import sys

from jianghua.config import parse_config, run
from jianghua.trainers.summarizer import SummarizerConfig, train_summarizer


def main() -> None:
    config = parse_config(SummarizerConfig, None, __doc__ or "")
    scores = train_summarizer(config)
    print(json.dumps({"saved": str(config.save_to), "held_out": scores}, indent=1))


if __name__ == "__main__":
    sys.exit(run(main))
