"""A model as the beginning of a training: its weights, and rows for the words that it did not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from components.model.exported import named_weights
from components.model.seq2seq import Seq2Seq
from components.text.codec import TextCodec
from components.text.sentences import Word, Words
from components.text.tokenizer import Tokenizer
from components.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class BaseModel:
    """The text codec and the weights (float32, by the names of ``named_weights``) of the model to begin from."""

    codec: TextCodec
    weights: Mapping[str, np.ndarray]

    def give_weights(self, model: Seq2Seq, codec: TextCodec) -> None:
        """Gives these weights to a model of the same shape.

        Args:
            model: its vocabularies may be longer. The row of a new word begins as the mean of the rows of those tokens
                that the base writes the word with.
            codec: the model's, which extends the base's.
        """
        base, tokenizers = self.codec, self.codec.tokenizers
        written = {
            "source": _written(codec.source_vocabulary, base.source_vocabulary, tokenizers.source),
            "target": _written(codec.target_vocabulary, base.target_vocabulary, tokenizers.target),
        }
        for name, variable in named_weights(model).items():
            weights = self.weights[name]
            if weights.shape != variable.shape:
                words = written["source" if name.startswith("encoder") else "target"]
                weights = np.concatenate([weights, *(weights[ids].mean(0, keepdims=True) for ids in words)])
            variable.assign(weights)


def _written(vocabulary: Vocabulary, base: Vocabulary, tokenizer: Tokenizer) -> Sequence[np.ndarray]:
    """The ids with which a base writes each word that it has no id for."""
    words = Words.of([Word(token)] for token in vocabulary.tokens[len(base) :])
    return [base.ids(tokens.values) for tokens in tokenizer.cut(words)]
