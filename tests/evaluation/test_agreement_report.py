"""Agreement of two readings by document, on invented labels."""

from __future__ import annotations

import random

import pytest

from jianghua.codebook import load_codebook
from jianghua.evaluation.agreement import agreement, agreement_lines
from jianghua.metrics.agreement import cohen_kappa, krippendorff_alpha, multi_label_kappa
from jianghua.schema import InputError, Label

CODEBOOK = load_codebook()
TASKS, DOMAINS = CODEBOOK.task_type.labels, CODEBOOK.policy_domain.labels


def _label(draw: random.Random) -> Label:
    return Label(draw.choice(TASKS[:4]), tuple(x for x in DOMAINS[:5] if draw.random() < 0.3))


def _readings() -> list[list[tuple[Label, Label]]]:
    draw = random.Random(4)
    first = [[_label(draw) for _ in range(draw.randint(1, 6))] for _ in range(30)]
    return [[(x, x if draw.random() < 0.7 else _label(draw)) for x in labels] for labels in first]


def test_the_values_are_those_of_the_plain_coefficients() -> None:
    documents = _readings()
    sides = [[pair[i] for pairs in documents for pair in pairs] for i in (0, 1)]
    found = agreement([*documents, []], CODEBOOK)
    tasks = [[label.task_type for label in side] for side in sides]
    domains = [[frozenset(label.policy_domain) for label in side] for side in sides]
    task, domain = found["task_type"], found["policy_domain"]
    assert task["kappa"][0] == pytest.approx(cohen_kappa(*tasks), abs=1e-4)
    assert task["alpha"][0] == pytest.approx(krippendorff_alpha(*([{x} for x in side] for side in tasks)), abs=1e-4)
    assert domain["alpha"][0] == pytest.approx(krippendorff_alpha(*domains), abs=1e-4)
    kappas = multi_label_kappa(*domains, DOMAINS)
    assert domain["kappa"][0] == pytest.approx(kappas["mean"], abs=1e-4)
    for label in DOMAINS[:5]:
        assert domain["per_label"][label]["kappa"][0] == pytest.approx(kappas["per_label"][label], abs=1e-4)
        assert domain["per_label"][label]["first"] == sum(label in row for row in domains[0])
    assert domain["per_label"][DOMAINS[-1]]["kappa"] is None
    assert found["documents"] == 30 and found["paragraphs"] == len(tasks[0])


def test_bounds_hold_the_value_and_resample_documents() -> None:
    documents = _readings()
    value, low, high = agreement(documents, CODEBOOK)["task_type"]["kappa"]
    assert low < value < high
    # The same paragraphs as one document cannot vary.
    one = agreement([[pair for pairs in documents for pair in pairs]], CODEBOOK)["task_type"]["kappa"]
    assert one == [value, value, value]


def test_a_coefficient_that_most_resamples_lack_has_no_bounds() -> None:
    usual, rare = (Label("review"), Label("review")), (Label("appeal"), Label("review"))
    documents = [[usual, rare]] + [[usual]] * 400
    found = agreement(documents, CODEBOOK)["task_type"]["per_label"]["appeal"]["alpha"]
    assert found[0] == pytest.approx(0, abs=0.01) and found[1] is not None  # the document is in most resamples
    assert agreement([[usual]] * 3, CODEBOOK)["task_type"]["kappa"] is None


def test_tables_show_every_label() -> None:
    lines = list(agreement_lines(agreement(_readings(), CODEBOOK)))
    assert all(any(f"| {label} " in line for line in lines) for label in TASKS + DOMAINS)
    with pytest.raises(InputError, match="expected paragraphs that both readings hold, found none"):
        agreement([[]], CODEBOOK)
