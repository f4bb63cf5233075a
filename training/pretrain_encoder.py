"""Pretrain the compact encoder, or go on pretraining any masked language model on your own corpus.

    accelerate launch training/pretrain_encoder.py --config configs/encoder/compact.yaml

Every value of the YAML can be overridden: `--run.max_steps 500 --model hfl/chinese-roberta-wwm-ext`.
An interrupted run resumes by itself from its newest complete checkpoint.
"""

from __future__ import annotations

import json
import sys

from jianghua.config import parse_config, run
from jianghua.trainers.pretraining import PretrainingConfig, pretrain


def main() -> None:
    config = parse_config(PretrainingConfig, None, __doc__ or "")
    print(json.dumps({"saved": str(config.save_to)} | pretrain(config), indent=1))


if __name__ == "__main__":
    sys.exit(run(main))
