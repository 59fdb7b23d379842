"""MLflow's pages, clicked through as a person would: from the list of runs to the report and the registered model."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

PROJECT = Path(__file__).parents[2]
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
# Chromium's own calls home, which a closed network refuses one by one.
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
# No user is logged in, and charts are laid out while they are drawn.
USUAL = ("/users/current", "ResizeObserver", "favicon")
PATIENCE = 120
SMALL = "--corpus=sample:600 --units=32 --embedding_size=16 --epochs=3 --batch_tokens=512 --num_sampled=64"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM or not DRIVER, reason="needs chromium and chromedriver"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tracking store in which a workflow has run."""
    folder = tmp_path_factory.mktemp("store")
    uri = f"sqlite:///{folder}/mlflow.db"
    subprocess.run(
        [sys.executable, "-m", "pipelines.workflow", *SMALL.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "MLFLOW_TRACKING_URI": uri},
        check=True,
        capture_output=True,
    )
    return uri


@pytest.fixture(scope="module")
def address(store: str) -> Iterator[str]:
    """Where MLflow shows that store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", store, "--port", str(port), "--workers=1"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: urlopen(f"{address}/health", timeout=5).status == 200)
        yield address
    finally:
        os.killpg(server.pid, 15)
        server.wait()


class Person:
    """A browser with somebody before it, who sees what is on the page and waits for it to come."""

    def __init__(self, folder: Path):
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--window-size=1400,1000",
            *QUIET,
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        self.folder = folder

    def find(self, xpath: str) -> Any:
        return wait_for(lambda: self.driver.find_element("xpath", xpath))

    def click(self, xpath: str) -> None:
        wait_for(lambda: self.driver.find_element("xpath", xpath).click() or True)

    def sees(self, *texts: str) -> None:
        for text in texts:
            wait_for(lambda text=text: text in self.driver.find_element("tag name", "body").text)

    def photograph(self, name: str) -> None:
        """For a look at it: the test's own folder keeps it (``--basetemp`` says where)."""
        time.sleep(2)  # Charts move into place.
        self.driver.save_screenshot(str(self.folder / f"{name}.png"))

    def errors(self) -> list[str]:
        """What the pages complained of, but for what a closed network keeps from them and what MLflow is used to."""
        severe = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [text for text in severe if "127.0.0.1" in text and not any(usual in text for usual in USUAL)]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    person = Person(tmp_path)
    yield person
    person.driver.quit()


def wait_for(look: Any) -> Any:
    """What ``look`` finds, as soon as it finds something."""
    end, error = time.monotonic() + PATIENCE, None
    while time.monotonic() < end:
        try:
            if found := look():
                return found
        except Exception as unsuccessful:
            error = unsuccessful
        time.sleep(0.3)
    raise AssertionError(f"not in {PATIENCE} s: {error}")


def test_from_the_list_of_runs_to_the_registered_model(address: str, person: Person) -> None:
    person.driver.get(address)
    person.click("//*[text()='Model training']")
    person.click("//button[@data-component-id='mlflow.assistant.chat_panel.close']")
    person.click("//a[text()='Default']")
    person.find("//a[starts-with(., 'workflow sample')]")
    person.photograph("runs")

    person.click("//a[starts-with(., 'workflow sample')]")
    person.sees("now champion", "sample:600", "test_bleu")
    person.photograph("workflow")
    person.click("//a[starts-with(., 'train ')]")
    person.sees("val_loss", "target_tokens_per_second")
    person.click("//*[@role='tab'][.='Model metrics']")
    person.sees("gradient_norm", "learning_rate")
    person.find("//input[@placeholder='Search metric charts']").send_keys("val_")
    person.sees("val_bleu", "val_loss", "val_perplexity")
    wait_for(lambda: len(person.driver.find_elements("css selector", ".js-plotly-plot")) >= 3)
    person.photograph("curves")

    person.driver.back()
    person.driver.back()
    person.click("//a[starts-with(., 'evaluate ')]")
    person.click("//*[@role='tab'][.='Artifacts']")
    person.click("//*[text()='report.html']")
    frame = person.find("//iframe")
    person.driver.switch_to.frame(frame)
    person.sees("BLEU", "the source, copied", "Examples")
    wait_for(lambda: person.driver.find_elements("css selector", "svg, img"))
    person.driver.switch_to.default_content()
    person.photograph("report")

    person.click("//a[.='Model registry']")
    person.click("//*[@role='dialog']//button")  # What is new in MLflow, on the first visit.
    person.click("//a[.='nmt-en-fr']")
    person.sees("champion", "candidate")
    person.click("//a[contains(., 'Version 1')]")
    person.sees("promotion.reason", "test.digest", "Source Run")
    person.photograph("version")
    errors = person.errors()
    assert not errors, errors
