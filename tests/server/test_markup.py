"""HTML through a model that echoes, and through one that turns sentences round: tags, attributes, code, whole pages."""

from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.server.markup import translate_html
from components.serving.options import TranslationOptions
from components.serving.translation import Alignment, Hypothesis
from components.serving.translator import Translator

OPTIONS = TranslationOptions(beam_width=1, split_sentences=True)


def echoed(translator: Translator, document: str) -> str:
    def translate(texts: Sequence[str], options: TranslationOptions) -> list[tuple[Hypothesis, ...]]:
        return [translation.hypotheses for translation in translator.translate(texts, options)]

    ((found,),) = translate_html(translator, translate, [document], OPTIONS)
    return found


def turned(translator: Translator, document: str) -> str:
    """The document, each sentence with its words in the opposite order, and the alignment that says so."""

    def translate(texts: Sequence[str], options: TranslationOptions) -> list[tuple[Hypothesis, ...]]:
        found = []
        for translation in translator.translate(texts, options):
            (best,) = translation.hypotheses
            (sentence,) = best.sentences
            order = tuple(reversed(range(len(sentence.source_tokens))))
            tokens = tuple(sentence.source_tokens[position] for position in order)
            text = translator.codec.target_text(tokens, translator.codec.tokenizers.texts(pa.array(texts[:1]))[1][0])
            found.append((Hypothesis(text, 0.0, (Alignment(sentence.source_tokens, tokens, order, order),)),))
        return found

    ((found,),) = translate_html(translator, translate, [document], OPTIONS)
    return found


SAME = [
    "<p>One two, <b>three four</b>.</p>",
    '<p class="a" id=b>One <a href="/x?a=1&amp;b=2">two <i>three</i></a> four</p>',
    "One two<br>three <br/> four",
    "<ul><li>One two<li><b>three</b></ul>",
    "<!DOCTYPE html><html lang=en><head><title>One two</title><style>p > a { color: red }</style></head></html>",
    "<p>One two <code>three_four(five)</code> six.</p>",
    "<p>One <kbd>Ctrl</kbd> <span translate='no'>three <b>four</b></span> five</p>",
    '<div class="notranslate">the dogs</div> the keys',
    "<pre>one  two\n  three</pre>",
    "<script>if (a < b && c) { d('</p>'); }</script>One",
    "<p>One <!-- two -->three<wbr> four</p>",
    "<p>One <img src=a.png alt='b'> two</p>",
    "<b>One <i>two</b> three</i> four",
    "<p>One <b>two</p><p>three</b> four</p>",
    "one &lt;b&gt; two &amp; three",
    "<my-tag a=1>One two</my-tag>",
    "<p>",
    "",
    "<p>\n   \n</p>",
]


@pytest.mark.parametrize("document", SAME)
def test_what_is_not_text_stays_as_it_is(translator: Translator, document: str) -> None:
    assert echoed(translator, document) == document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<p>one <b>two</b></p>", "<p><b>Two</b> one</p>"),
        ("<b>one two</b> three", "Three <b>two one</b>"),
        ("<a href=x>one <i>two</i></a> three four", "Four three <a href=x><i>two</i> one</a>"),
        ("<a>one</a> <b>two</b> three", "Three <b>two</b> <a>one</a>"),
    ],
)
def test_tags_follow_the_words_that_they_marked(translator: Translator, document: str, expected: str) -> None:
    assert turned(translator, document) == expected


def test_a_tag_around_nothing_stays(translator: Translator) -> None:
    assert echoed(translator, 'one <a id="here"></a>two') == 'one <a id="here"></a>two'


def test_blanks_between_words_are_one(translator: Translator) -> None:
    assert echoed(translator, "<p>\n  one\n  <b>two\n three</b> </p>") == "<p> one <b>two three</b> </p>"


def test_what_is_translated_cannot_become_a_tag(translator: Translator) -> None:
    assert "<script>" not in echoed(translator, "one &lt;script&gt; two")


TEXTS = ["one", "two", "three.", "dogs!", "keys?", "&amp;", "&nbsp;", "&lt;", "12", "😀", "{{x0}}", "<", ">"]
MARKUP = ["<b>", "</b>", "<i class='a'>", "</i>", "<p>", "</p>", "<br>", "<code>", "</code>", "<!--a-->", "<a href="]
pieces = st.sampled_from(TEXTS) | st.sampled_from(MARKUP)


@settings(deadline=None, max_examples=60)
@given(st.lists(pieces, max_size=12).map(" ".join))
def test_no_tag_is_lost_or_made(translator: Translator, document: str) -> None:
    def tags(text: str) -> list[str]:
        return sorted(set(text.replace("<", " <").replace(">", "> ").split()) & {"<b>", "</b>", "</i>", "<p>", "<br>"})

    assert tags(echoed(translator, document)) == tags(document)
