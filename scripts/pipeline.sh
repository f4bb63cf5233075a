#!/usr/bin/env bash
# The whole chain in one readable script: corpus, both trainings, scores, analysis.
#   bash scripts/pipeline.sh            the smoke configurations, on the samples alone, about two minutes
#   bash scripts/pipeline.sh small      the shipped checkpoints (needs ../shared)
set -euo pipefail
cd "$(dirname "$0")/.."
size=${1:-smoke}
models=models
[ "$size" = small ] || models=outputs/models
launch=(accelerate launch)
command -v nvidia-smi >/dev/null || launch+=(--config_file configs/accelerate/cpu.yaml)

python scripts/build_corpus.py --config configs/corpus/samples.yaml
"${launch[@]}" training/train_classifier.py --config "configs/classifier/$size.yaml"
"${launch[@]}" training/train_summarizer.py --config "configs/summarizer/$size.yaml"
python scripts/evaluate_checkpoint.py --model "$models/classifier-$size" --data data/samples/dev.jsonl \
  --train data/samples/train.jsonl --output "outputs/scores/classifier-$size.json"
python scripts/evaluate_checkpoint.py --model "$models/summarizer-$size" --data data/samples/dev.jsonl \
  --output "outputs/scores/summarizer-$size.json"
