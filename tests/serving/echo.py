"""A real SavedModel with the search's signature that gives the source sentence back: the n-th hypothesis lacks its
last n words. With the same vocabulary on both sides, every text must come back as it went in."""

from pathlib import Path

import tensorflow as tf

from components.serving.confidence import FEATURES, Confidence
from components.text.codec import CodecSettings, TextCodec
from components.text.vocabulary import EOS
from tests.text.codecs import learned_codec

SENTENCES = (
    "A man rides a bicycle. The dogs don't sleep, they run; yes! Where are my keys? He said: “No.” "
    "one two three four five six seven eight nine ten a b c d e"
)


def echo_codec(sentences: str = SENTENCES, tokenizer: str = "word") -> TextCodec:
    """A codec with the tokens of the sentences in both vocabularies (English on both sides)."""
    settings = CodecSettings(source_language="en", target_language="en-x-echo", tokenizer=tokenizer)
    codec = learned_codec([(text, text) for text in (sentences, *sentences.replace(";", ".").split(". "))], settings)
    return TextCodec(settings, codec.target_vocabulary, codec.target_vocabulary, (codec.learnt[1],) * 2)


# By the mean log-probability alone.
CONFIDENCE = Confidence(
    means=(0.0,) * len(FEATURES),
    scales=(1.0,) * len(FEATURES),
    weights=(1.0, *[0.0] * (len(FEATURES) - 1)),
    bias=0.0,
    estimates=(-10.0, -1.0),
    values=(0.0, 0.9),
)


class EchoSearch(tf.Module):
    """See the module. Counts its calls and the rows it was given, so that tests can look at the batches."""

    def __init__(self) -> None:
        super().__init__()
        self.widest = tf.Variable(0, dtype=tf.int32)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "source"),
            tf.TensorSpec([], tf.int32, "beam_width"),
            tf.TensorSpec([], tf.float32, "length_penalty"),
        ]
    )
    def translate(self, source: tf.Tensor, beam_width: tf.Tensor, length_penalty: tf.Tensor) -> dict[str, tf.Tensor]:
        self.widest.assign(tf.maximum(self.widest, tf.shape(source)[0]))
        lengths = tf.reduce_sum(tf.cast(source > 0, tf.int32), axis=1)
        tf.debugging.assert_positive(lengths, "an empty sentence reached the search")
        words = tf.pad(tf.reverse_sequence(source, lengths, seq_axis=1), [[0, 0], [0, 1]])
        positions = tf.range(tf.shape(words)[1])
        kept = tf.maximum(lengths[:, None] - tf.range(beam_width), 0)[:, :, None]
        ids = tf.where(positions < kept, words[:, None, :], tf.where(positions == kept, EOS, 0))
        # Where the word came from in the reversed sentence.
        alignment = tf.where(positions < kept, lengths[:, None, None] - 1 - positions, -1)
        scores = -tf.cast(tf.range(beam_width), tf.float32) * tf.ones([tf.shape(source)[0], 1])
        return {"ids": ids, "scores": scores, "alignment": alignment}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "source"),
            tf.TensorSpec([None, None], tf.int32, "target"),
        ]
    )
    def attention(self, source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        """Three quarters of it where the word came from, the rest on the sentence's first word."""
        last = tf.shape(source)[1] - 1
        came_from = tf.one_hot(last - tf.range(tf.shape(target)[1]), last + 1)
        return tf.tile((0.75 * came_from + 0.25 * tf.one_hot(last, last + 1))[None], [tf.shape(source)[0], 1, 1])

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "source"),
            tf.TensorSpec([None, None], tf.int32, "target"),
        ]
    )
    def score(self, source: tf.Tensor, target: tf.Tensor) -> dict[str, tf.Tensor]:
        """-1 for each word that the echo would say, -10 for others; every source word was attended to once."""
        lengths = tf.reduce_sum(tf.cast(source > 0, tf.int32), axis=1)
        longest = tf.shape(target)[1]
        words = tf.pad(tf.reverse_sequence(source, lengths, seq_axis=1), [[0, 0], [0, longest]])[:, :longest]
        said = tf.where(tf.equal(tf.range(longest), lengths[:, None]), EOS, words)
        likely = tf.where(tf.equal(said, target), -1.0, -10.0)
        zero = tf.zeros_like(likely)
        return {
            "log_probabilities": tf.where(target > 0, likely, zero),
            "entropies": tf.where(target > 0, -likely / 2, zero),
            "attended": tf.where(source > 0, tf.ones_like(source, tf.float32), 0.0),
        }


def save_echo(folder: Path, tokenizer: str = "word") -> tuple[Path, Path]:
    """Writes SavedModel and codec below the folder; returns where they are."""
    saved_model, codec = folder / "exported", folder / "words"
    tf.saved_model.save(EchoSearch(), str(saved_model))
    codec.mkdir(parents=True)
    echo_codec(tokenizer=tokenizer).save(codec)
    return saved_model, codec
