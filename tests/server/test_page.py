"""The page that people try the model on: what it shows, and that a browser can work it."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.server.page import EXAMPLES, alternatives_table, attention_charts, warning_note
from components.serving.options import TranslationOptions
from components.serving.translation import Alignment, Hypothesis, Translation
from components.serving.translator import Translator, TranslatorSettings, load_exported, search_of
from tests.serving.echo import echo_codec

PROJECT = Path(__file__).parents[2]
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

TRANSLATION = Translation(
    (
        Hypothesis("Oui <b>!", -0.5, (Alignment(("yes", "￭!"), ("oui", "<b>￭"), (0, 1), (7, 8)),)),
        Hypothesis("Si.", -2.25),
    )
)


def test_texts_are_shown_as_texts() -> None:
    assert "<td>Oui &lt;b&gt;!</td><td>-0.500</td>" in alternatives_table(TRANSLATION)


def test_each_word_of_the_translation_is_a_row_of_what_it_looked_at(translator: Translator) -> None:
    (translation,) = translator.translate(["Yes <"], TranslationOptions(beam_width=1))
    shown = re.findall("<title>(.*?)</title>", attention_charts(translator, translation))
    assert shown == ["yes ← yes: 100 %", "&lt; ← yes: 25 %", "&lt; ← &lt;: 75 %"]


def test_a_model_exported_without_its_attention(exported: tuple[Path, Path]) -> None:
    translator = Translator(echo_codec(), search_of(load_exported(exported[0])), TranslatorSettings())
    assert "without its attention" in attention_charts(translator, TRANSLATION)


def test_a_translation_not_to_be_relied_on_is_marked() -> None:
    assert warning_note(TRANSLATION) == ""
    assert "knows 25% of the words" in warning_note(Translation(TRANSLATION.hypotheses, known_words=0.25))


@pytest.fixture
def browser() -> Iterator[Any]:
    if not CHROMIUM or not DRIVER:
        pytest.skip("needs chromium and chromedriver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=420,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.mark.slow
def test_a_person_types_and_reads(packaged: Path, browser: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    command = [sys.executable, "-m", "pipelines.serve", "--model", str(packaged), "--port", "0", "--page", "true"]
    server = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        url = re.findall(r"http://[\d.:]+", server.stdout.readline())[0]
        browser.get(url)
        wait = WebDriverWait(browser, 60)
        wait.until(lambda page: page.find_elements(By.TAG_NAME, "textarea"))[0].send_keys("One two. <b>Zebras</b>!")
        next(b for b in browser.find_elements(By.TAG_NAME, "button") if b.text == "Translate").click()
        shown = wait.until(lambda page: page.find_elements(By.TAG_NAME, "textarea")[1].get_attribute("value"))
        assert shown == "One two. <b>Zebras</b>!"
        wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, ".attention svg rect"))
        assert len(browser.find_elements(By.CSS_SELECTOR, ".alternatives tr")) == 3
        assert "Answered by model" in browser.find_element(By.TAG_NAME, "body").text
        next(b for b in browser.find_elements(By.TAG_NAME, "button") if b.text == EXAMPLES[0]).click()
        wait.until(lambda page: page.find_elements(By.TAG_NAME, "textarea")[0].get_attribute("value") == EXAMPLES[0])
        # A phone shows it without scrolling sideways.
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        requests = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        asked = {r["params"]["request"]["url"] for r in requests if r["method"] == "Network.requestWillBeSent"}
        assert [address for address in asked if not address.startswith((url, "data:"))] == []
        assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    finally:
        server.terminate()
        server.wait(timeout=20)
