"""A page on which a person types English and sees French, the alternatives, the attention, and which model answered."""

import html
import os
import re
from typing import TYPE_CHECKING, Any

from components.errors import InputError
from components.server.libretranslate import language_name
from components.server.scoring import Limits, check_texts
from components.serving.options import MAX_BEAM_WIDTH, TranslationOptions
from components.serving.translation import Translation, heat_map_chart, heat_maps
from components.serving.translator import Translator

if TYPE_CHECKING:
    from fastapi import FastAPI
    from gradio import Blocks

    from components.server.models import Models

EXAMPLES = ["A man in an orange hat is staring at something.", "Where are my keys? I don't see them."]
# Attention is shown for so many sentences of a text.
SHOWN_SENTENCES = 5
# Requests that may wait; further ones are refused.
QUEUED = 64
# What a browser requests to show and to operate the page (path → method). Gradio answers at many more: it accepts
# uploads from anybody, and serves some of its own files.
ROUTES = {
    "/": "GET",
    "/favicon.ico": "GET",
    "/manifest.json": "GET",
    "/theme.css": "GET",
    "/gradio_api/queue/join": "POST",
    "/gradio_api/queue/data": "GET",
    "/gradio_api/run/predict": "POST",  # A click on an example.
}
# Scripts, styles and pictures; no part of such a path begins with a dot.
_FILES = re.compile(r"/(assets|static)(/\w[\w.-]*)+", re.ASCII)
_STYLE = """
.warning { background: #fef3c7; color: #92400e; border-radius: .5rem; padding: .4rem .6rem; margin: 0; }
.found { overflow-x: auto; }
.found table, .found tr { border: 0; border-collapse: collapse; margin: 0; }
.attention { background: #fff; border-radius: .5rem; padding: .5rem; }
.attention svg { display: inline-block; vertical-align: top; margin: 0 2rem 1rem 0; }
.alternatives td { border: 0; border-bottom: 1px solid #cbd5e1; padding: .3rem .5rem; }
.alternatives td + td { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
"""


def page_method(path: str) -> str | None:
    """The method by which the page asks for ``path``; None if it never does."""
    return "GET" if _FILES.fullmatch(path) else ROUTES.get(path)


def page_application(models: "Models", limits: Limits, slots: int) -> "FastAPI":
    """The page as an application of its own."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import gradio
    from fastapi import FastAPI

    # The system's fonts: the usual themes load theirs from elsewhere.
    theme = gradio.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    blocks = _blocks(models, limits, slots)
    outer = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    looks: dict[str, Any] = {"theme": theme, "css": _STYLE, "footer_links": [], "ssr_mode": False}
    # Other errors would reveal the server's insides; those of class gradio.Error are shown all the same.
    return gradio.mount_gradio_app(outer, blocks, path="/", show_error=False, **looks)


def _blocks(models: "Models", limits: Limits, slots: int) -> "Blocks":
    import gradio

    assert models.current
    codec = models.current.translator.codec.settings
    source, target = map(language_name, codec.languages)

    def answer(text: str, beam_width: int, n_best: int) -> tuple[str, str, str, str, str]:
        assert models.current
        model = models.current
        try:
            check_texts([text], limits)
            width = max(int(beam_width), int(n_best))
            (translation,) = model.translator.translate([text], TranslationOptions(width, n_best=int(n_best)))
        except InputError as error:
            raise gradio.Error(str(error), print_exception=False) from None
        charts = attention_charts(model.translator, translation)
        shown = warning_note(translation), alternatives_table(translation), charts, _answered_by(model.label)
        return translation.text, *shown

    with gradio.Blocks(title=f"{source} → {target}", analytics_enabled=False) as blocks:
        gradio.Markdown(f"# {source} → {target}")
        with gradio.Row():
            with gradio.Column():
                text = gradio.Textbox(label=source, lines=4, autofocus=True, max_length=limits.characters)
                with gradio.Row():
                    n_best = gradio.Slider(1, MAX_BEAM_WIDTH, value=3, step=1, min_width=220, label="Alternatives")
                    beam_width = gradio.Slider(1, MAX_BEAM_WIDTH, value=5, step=1, min_width=220, label="Beam width")
                button = gradio.Button("Translate", variant="primary")
                gradio.Examples(EXAMPLES, inputs=text)
            with gradio.Column():
                translation = gradio.Textbox(label=target, lines=4, interactive=False, buttons=["copy"])
                warning = gradio.HTML()
                gradio.Markdown("**Alternatives** and their log-probabilities")
                alternatives = gradio.HTML()
                answered_by = gradio.Markdown(_answered_by(models.current.label), elem_id="model")
        gradio.Markdown(
            "**Attention** – which words of the text (columns) each word of the translation (rows) looked at;"
            " the darker, the more"
        )
        attention = gradio.HTML()
        for event in (button.click, text.submit):
            event(
                answer,
                inputs=[text, beam_width, n_best],
                outputs=[translation, warning, alternatives, attention, answered_by],
                concurrency_limit=slots,
                concurrency_id="translate",
                api_visibility="private",
            )
    return blocks.queue(max_size=QUEUED, api_open=False)


def warning_note(translation: Translation) -> str:
    """HTML: why not to rely on the translation, if there is a reason."""
    return f'<p class="warning" role="alert">⚠ {html.escape(translation.warning)}</p>' if translation.warning else ""


def _answered_by(label: str) -> str:
    return f"Answered by **{html.escape(label)}**"


def alternatives_table(translation: Translation) -> str:
    """HTML: a row for each translation, best first, with its score."""
    rows = "".join(
        f"<tr><td>{html.escape(hypothesis.text)}</td><td>{hypothesis.score:.3f}</td></tr>"
        for hypothesis in translation.hypotheses
    )
    return f'<div class="found alternatives"><table>{rows}</table></div>'


def attention_charts(translator: Translator, translation: Translation) -> str:
    """HTML: for each sentence which of its words each word of the best translation looked at, and how much."""
    sentences = translation.hypotheses[0].sentences[:SHOWN_SENTENCES]
    charts = "".join(map(heat_map_chart, heat_maps(sentences, translator.attention)))
    if not charts:
        return "<p>This model was exported without its attention.</p>"
    return f'<div class="found attention">{charts}</div>'
