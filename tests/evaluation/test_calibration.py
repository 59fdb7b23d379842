"""Confidence: it is learnt where there is something to learn, and judged by numbers that are known."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from components.evaluation.calibration import reliability
from components.serving.confidence import FEATURES
from components.serving.options import TranslationOptions
from components.serving.translator import Translator, TranslatorSettings, load_exported
from components.training.calibration import LEAST, calibrate, fit
from tests.serving.echo import echo_codec


def test_what_depends_on_the_features_is_predicted_and_calibrated() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(3000, len(FEATURES))).astype(np.float32)
    features[:, 3] = 7  # Says nothing, and has no scale.
    # A curve that is no line, with noise.
    quality = np.clip(1 / (1 + np.exp(-2 * features[:, 0])) + random.normal(size=3000) * 0.1, 0, 1)
    learnt = fit(features[:2000], quality[:2000])
    confidences = [learnt.of(row) for row in features[2000:]]
    assert 0 <= min(confidences) < 0.1
    assert 0.9 < max(confidences) <= 1
    found = reliability(confidences, quality[2000:])
    assert found.expected_error < 0.04
    assert found.worst_share > 0.35
    assert reliability(random.permutation(confidences), quality[2000:]).expected_error > 0.1


def test_reliability_of_known_numbers() -> None:
    found = reliability([0.9] * 50 + [0.1] * 50, [0.8] * 50 + [0.3] * 50)
    assert found.expected_error == pytest.approx((0.1 + 0.2) / 2)
    assert found.worst_share == pytest.approx(20 * 0.7 / (50 * 0.2 + 50 * 0.7))
    assert found.risks[-1] == pytest.approx((1, 0.45))
    assert found.risks[0] == pytest.approx((0.01, 0.2))
    assert found.bins == tuple([pytest.approx((0.9, 0.8))] * 5 + [pytest.approx((0.1, 0.3))] * 5)


def test_it_is_learnt_of_a_model_if_there_are_sentences_enough(echo_exported: tuple[Path, Path]) -> None:
    translator = Translator.of(load_exported(echo_exported[0]), echo_codec(), TranslatorSettings(scores=True))
    words = ["one two three", "a man rides", "the dogs sleep", "where are my keys"]
    pairs = [(f"{words[i % 4]} {words[i // 4 % 4]}", words[i % 4]) for i in range(LEAST)]
    assert calibrate(translator, pairs[:-1]) is None
    # What is nothing but names or numbers is not translated, and teaches nothing.
    assert calibrate(translator, [*pairs[:-1], ("12:30", "12:30")]) is None
    learnt = calibrate(translator, pairs)
    assert learnt is not None
    assert len(learnt.weights) == len(FEATURES)
    settings = dataclasses.replace(translator.settings, confidence=learnt)
    certain = Translator.of(load_exported(echo_exported[0]), echo_codec(), settings)
    (found,) = certain.translate([pairs[0][0]], TranslationOptions(return_confidence=True))
    assert found.confidence is not None
    assert 0 <= found.confidence <= 1
