# Two commands: `make demo` and `make test`. Each does all the set-up that it needs.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test test-fast check samples corpus train evaluate clean

demo: $(STAMP)
	@$(BIN)/python scripts/analyze.py data/samples/raw --output outputs/demo/samples.jsonl \
		--html outputs/demo/index.html --table overview
	@$(BIN)/python scripts/analyze.py data/samples/raw/a06-pinglan-police-team.txt --table full
	@echo "read outputs/demo/index.html in a browser; the records are in outputs/demo/samples.jsonl"

test: $(STAMP)
	@HF_HUB_OFFLINE=1 $(BIN)/python -m pytest

test-fast: $(STAMP)
	@HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -m "not slow"

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

samples: $(STAMP)
	$(BIN)/pip install --quiet -c constraints.txt -e ".[samples]"
	$(BIN)/python scripts/make_samples.py

corpus: $(STAMP)
	$(BIN)/python scripts/build_corpus.py --config configs/corpus/samples.yaml

# The shipped checkpoints (the classifier before scripts/recalibrate.py), from ../shared and the samples.
train: $(STAMP)
	$(BIN)/accelerate launch training/train_classifier.py --config configs/classifier/compact.yaml
	$(BIN)/accelerate launch training/train_summarizer.py --config configs/summarizer/small.yaml

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

clean:
	rm -rf $(VENV) outputs
