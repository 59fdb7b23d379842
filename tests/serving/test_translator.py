"""Texts through a real SavedModel: order, batches, reassembly, alternatives, alignment, copied words."""

from pathlib import Path
from typing import Any

import pytest

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.translator import Translator, TranslatorSettings, load_exported, search_of
from components.text.words import PLACEHOLDERS
from tests.serving.echo import echo_codec

OPTIONS = TranslationOptions()


def texts(translator: Translator, *given: str, **options: Any) -> list[str]:
    return [translation.text for translation in translator.translate(given, TranslationOptions(**options))]


def test_order_is_kept_whatever_the_lengths(translator: Translator) -> None:
    given = ["A b c d e.", "A.", "One two three.", "", "Yes!", "A b.", "One two three four five six seven."] * 40
    assert texts(translator, *given) == given


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\n\n",
        "A man rides a bicycle.",
        "A man rides a bicycle.  Where are my keys? Yes!",
        "  One two.\n\n\tThree four;\r\nfive six.\n",
        "One.\u2028Two.\u2029Three.\x0bFour.\x85Five.",
        "\u200b",
        'He said: "No. Yes." Where are my keys?',
    ],
)
def test_what_stands_between_sentences_is_kept(translator: Translator, text: str) -> None:
    assert texts(translator, text) == [text]


def test_an_overlong_sentence_is_cut_and_nothing_is_lost(translator: Translator) -> None:
    words = "one two three four five six, seven eight nine ten a b c d e; one two three four five six seven eight"
    assert texts(translator, words) == [words]
    assert texts(translator, words, split_sentences=False) == [words]


def test_alternatives_and_scores(translator: Translator) -> None:
    (translation,) = translator.translate(["One two three."], TranslationOptions(beam_width=3, n_best=3))
    assert [(found.text, found.score) for found in translation.hypotheses] == [
        ("One two three.", 0.0),
        ("One two three", -1.0),
        ("One two", -2.0),
    ]


def test_alternatives_of_a_paragraph_join_those_of_its_sentences(translator: Translator) -> None:
    (translation,) = translator.translate(["One two. Three."], TranslationOptions(beam_width=2, n_best=2))
    assert [(found.text, found.score) for found in translation.hypotheses] == [
        ("One two. Three.", 0.0),
        ("One two Three", -2.0),
    ]


def test_a_sentence_stands_in_for_a_translation_without_text(translator: Translator) -> None:
    (translation,) = translator.translate(["Two. One two."], TranslationOptions(beam_width=3, n_best=3))
    assert [found.text for found in translation.hypotheses] == ["Two. One two.", "Two One two", "Two. One"]


def test_words_and_signs_that_were_never_learnt_come_through(translator: Translator) -> None:
    given = ["Where are my Kayaks?", "zebra runs", "A dog 🦓🦓, rides you@me.org", "▁ ␛ ￭ one", "A MAN RIDES."]
    assert texts(translator, *given) == given


@pytest.mark.parametrize("tokenizer", ["sentencepiece", "sentencepiece-bpe"])
def test_pieces_come_through(tokenizer: str, exported: tuple[Path, Path]) -> None:
    settings = TranslatorSettings(max_source_length=100)
    pieces = Translator(echo_codec(tokenizer=tokenizer), search_of(load_exported(exported[0])), settings)
    given = ["Where are my keys? Yes!", "A dog 🦓🦓, rides; no 你", "▁ ␛ one", "A tab and a Name"]
    assert texts(pieces, *given) == given


def test_whitespace_within_a_sentence_changes_nothing(translator: Translator) -> None:
    assert texts(translator, "A\tman \u00a0 rides\u2009a bicycle.") == ["A man rides a bicycle."]


def test_what_holds_nothing_to_translate_stays_as_it_is(translator: Translator) -> None:
    given = ["12:30", "you@me.org, 東京 !", "…", "Qxz Zqx"]
    found = translator.translate(given, OPTIONS)
    assert [translation.text for translation in found] == given
    assert not any(translation.hypotheses[0].sentences for translation in found)


def test_a_program_can_read_that_the_model_knows_few_of_the_words(translator: Translator) -> None:
    known, unknown, none = (
        found.record(alignment=False) for found in translator.translate(["A man.", "qxz zqx a", "3"], OPTIONS)
    )
    assert (known["known_words"], none["known_words"]) == (1.0, 1.0)
    assert "warning" not in known
    assert unknown["known_words"] == 0.333
    assert unknown["warning"] == "the model knows 33% of the words of this text: do not rely on the translation"


def test_alignment_is_in_reading_order(translator: Translator) -> None:
    (translation,) = translator.translate(["One two."], OPTIONS)
    (alignment,) = translation.hypotheses[0].sentences
    assert alignment.source_tokens == ("one", "two", "￭.")
    assert alignment.target_tokens == ("one", "two", "￭.")
    assert alignment.positions == (0, 1, 2)


def test_equal_alone_and_in_a_batch(translator: Translator) -> None:
    given = ["A man rides a bicycle.", "Where are my keys?", "One two three four five six seven."]
    alone = [translator.translate([text], OPTIONS)[0] for text in given]
    assert translator.translate(given, OPTIONS) == alone


def test_a_coverage_penalty_needs_attention(translator: Translator) -> None:
    with pytest.raises(InputError, match="must be 0 for this model, which has no attention"):
        translator.translate([], TranslationOptions(coverage_penalty=0.2))


@pytest.mark.parametrize(("value", "message"), [(None, "text 2: found NoneType"), ("\ud800", "text 2: holds half of")])
def test_what_is_no_text_is_refused(translator: Translator, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        translator.translate(["Yes.", value], OPTIONS)  # type: ignore[list-item]


def test_given_translations_are_scored_in_their_order(translator: Translator) -> None:
    sources = ["A man rides a bicycle.", "Yes!", "A man rides 4712 dogs."] * 200
    given = ["A man rides a bicycle.", "No!", "The dogs sleep, 4712."] * 200
    right, wrong, other = translator.score(sources, given)[-3:]
    assert right.tokens == ("a", "man", "rides", "a", "bicycle", "￭.", "<eos>")
    assert right.log_probabilities == (-1.0,) * 7
    assert (right.total, right.mean) == (-7.0, -1.0)
    assert wrong.log_probabilities == (-10.0, -1.0, -1.0)
    # The number is the same placeholder on both sides.
    (placeholder,) = set(other.tokens) & set(PLACEHOLDERS)
    assert other.log_probabilities[other.tokens.index(placeholder)] == -10.0
    assert translator.score(sources[:1], given[:1]) == [right]
    (record,) = {str(score.record()) for score in translator.score(sources[:1] * 2, given[:1] * 2)}
    assert "'score': -7.0, 'mean_score': -1.0, 'tokens': ['a'," in record


def test_what_is_too_long_to_be_scored_says_so(translator: Translator) -> None:
    long, empty, translation = translator.score(["one " * 13, " ", "Yes!"], ["Yes!", "Yes!", "one " * 40])
    assert long.record() == {
        **dict.fromkeys(("score", "mean_score", "tokens", "token_scores")),
        "warning": "the source has 14 tokens, must have at most 12",
    }
    assert empty.fault == "the source is empty"
    assert translation.fault == "the translation has 41 tokens, must have at most 33"


def test_a_model_that_was_packaged_before_models_scored_says_so(translator: Translator) -> None:
    earlier = Translator(translator.codec, lambda *_: {}, TranslatorSettings())
    with pytest.raises(
        InputError, match="model: it was packaged before models could score translations; train it again"
    ):
        earlier.score(["Yes."], ["Yes."])
    with pytest.raises(InputError, match="model: it was packaged without what its confidence is computed with"):
        earlier.translate(["Yes."], TranslationOptions(return_confidence=True))


def test_confidence_is_that_of_all_sentences_alone_or_in_company(translator: Translator) -> None:
    given = ["A man rides a bicycle.", "Yes! No.", "", "12:30"] * 200
    found = translator.translate(given, TranslationOptions(beam_width=1, return_confidence=True))
    assert [translation.confidence for translation in found[:4]] == pytest.approx([0.9, 0.9, 1.0, 1.0])
    assert (
        translator.translate(given[:1], TranslationOptions(return_confidence=True))[0].confidence == found[0].confidence
    )
    assert found[0].record(alignment=False)["confidence"] == found[0].confidence


def test_a_translation_with_too_little_confidence_is_left_out_and_says_so(translator: Translator) -> None:
    kept, left_out = translator.translate(["12:30", "Yes!"], TranslationOptions(min_confidence=0.95))
    assert kept.text == "12:30"
    record = left_out.record(alignment=True)
    assert (record["translation"], record["score"], record["alternatives"], record["alignment"]) == (None, None, [], [])
    assert record["warning"] == "left out: the confidence is 0.9000, below min_confidence, which is 0.95"
