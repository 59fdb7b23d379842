"""What can be set about the preparation of a corpus."""

from dataclasses import dataclass

from components.corpus.runners import RUNNERS
from components.parameters import base_model_parameter, force_parameter, parameter
from components.text.tokenizer import TOKENIZERS


@dataclass(frozen=True)
class CorpusParameters:
    """Where the pairs come from and which of them go where."""

    corpus: str = parameter(
        "sample",
        "the corpus, or several, separated by spaces: sample[:PAIRS], tfds:NAME[/CONFIG][:SPLIT], PATH.{en,fr}[.gz],"
        " PATH.tsv[.gz] (English in the first column, or say which is which: PATH.tsv:fr,en), PATH.jsonl[.gz],"
        " PATH.parquet, PATH.tmx[.gz]; PATH may be a glob; #100000 behind one takes its first 100,000 pairs, *8 at the"
        " end draws its pairs eight times as often in training",
    )
    validation_corpus: str = parameter("", "a corpus for validation; not set: split off `corpus`")
    test_corpus: str = parameter("", "a corpus for the test; not set: split off `corpus`")
    guard_corpus: str = parameter("", "a second test, on which a new version must not lose what the champion knows")
    validation_share: float = parameter(
        0.02, "share of source sentences split off for validation", minimum=0, maximum=0.5
    )
    test_share: float = parameter(0.02, "share of source sentences split off for the test", minimum=0, maximum=0.5)
    source_language: str = parameter("en", "ISO 639 code of the source language")
    target_language: str = parameter("fr", "ISO 639 code of the target language")


@dataclass(frozen=True)
class CleaningParameters:
    """A threshold for each cleaning rule that has one, and which rules not to apply."""

    max_length: int = parameter(50, "longest sentence that is kept, in tokens a side", minimum=1)
    max_length_ratio: float = parameter(
        9.0, "largest ratio of the two sides' lengths in tokens, the shorter one counted as at least 3", minimum=1
    )
    min_letters: float = parameter(
        0.3, "smallest share of letters in a side, of its characters that are not whitespace", minimum=0, maximum=1
    )
    filter_model: str = parameter(
        "",
        "a model, or one of each direction, separated by a space (models:/NAME@ALIAS, … or a folder), by whose scores"
        " the worst training pairs are dropped; not set: none is",
    )
    filter_share: float = parameter(
        0.9,
        "share of the training pairs that `filter_model` leaves, those with the highest scores",
        minimum=0,
        maximum=1,
    )
    rules_off: str = parameter("", "cleaning rules not to apply, separated by spaces (names as in the manifest)")


@dataclass(frozen=True)
class EncodingParameters:
    """How sentences become records."""

    tokenizer: str = parameter(
        "sentencepiece-bpe",
        "how words are taken apart (case is marked apart, and whatever is not in the vocabulary is spelled);"
        " sentencepiece-bpe: into pieces learnt by byte-pair encoding; sentencepiece: by a unigram model; word: not at"
        " all",
        choices=tuple(TOKENIZERS),
    )
    vocab_size: int = parameter(20_000, "tokens in each vocabulary, about 300 for bytes and marks included", minimum=5)
    min_count: int = parameter(1, "occurrences that a word, or a piece of one, needs to be a token", minimum=1)
    base_model: str = base_model_parameter()
    extend_vocabulary: int = parameter(
        0,
        "words a side that the vocabulary of a base_model with the tokenizer `word` takes from the corpus, at most:"
        " words that it would spell, used twice or oftener",
        minimum=0,
    )
    bucket_width: int = parameter(6, "width of the length buckets, in tokens", minimum=1)
    reverse_source: bool = parameter(True, "write the source sentences last token first")
    num_shards: int = parameter(0, "files per bucket; 0: by the size of the data", minimum=0)


@dataclass(frozen=True)
class PrepareParameters(EncodingParameters, CleaningParameters, CorpusParameters):
    """All parameters of ``prepare``; those declared here do not change what is written, only where and by whom."""

    data_dir: str = parameter(
        "",
        "folder of the prepared dataset, or its address (gs://…); not set: data/KEY, KEY from corpus, parameters",
    )
    runner: str = parameter(
        "DirectRunner",
        "what runs the Beam pipeline (DirectRunner: in this process)",
        choices=tuple(RUNNERS),
    )
    beam_options: str = parameter("", "further Beam options, as one string: '--parallelism=2 …'")
    force: str = force_parameter()
