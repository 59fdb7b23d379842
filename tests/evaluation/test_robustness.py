"""The forms in which people type a sentence: what they are, and that each is measured by its own sentences."""

from components.evaluation.robustness import FORMS, PLAIN, SENTENCES, measure_forms

SOURCES = [f"The dog number {number} runs over the green grass." for number in range(40)]
REFERENCES = [f"Le chien numéro {number} court sur le gazon vert." for number in range(40)]


def test_a_form_is_another_way_to_type_a_sentence_the_same_each_time() -> None:
    typed = {form.name: form.source(SOURCES[7]) for form in FORMS}
    assert typed == {form.name: form.source(SOURCES[7]) for form in FORMS}
    assert typed[PLAIN] == SOURCES[7]
    assert typed["CAPITALS"] == SOURCES[7].upper()
    assert typed["no full stop"] == SOURCES[7][:-1]
    assert typed["a name in front"] == f"Jessica Okonkwo: {SOURCES[7]}"
    # It holds neither an apostrophe nor an accent, and chance may spare it.
    same = {"curly apostrophes and dashes", "decomposed letters", "typing errors in a tenth of the words"}
    assert all(text != SOURCES[7] for name, text in typed.items() if name not in {PLAIN, *same})


def test_each_form_is_scored_against_its_own_references() -> None:
    known = {
        form.source(source): form.reference(reference)
        for form in FORMS
        for source, reference in zip(SOURCES, REFERENCES, strict=True)
    }
    scores = measure_forms(lambda texts: [known[text] for text in texts], SOURCES, REFERENCES)
    assert list(scores) == [form.name for form in FORMS]
    assert all(score > 99.9 for score in scores.values())
    loud = measure_forms(
        lambda texts: [known[text].lower() if text.isupper() else known[text] for text in texts], SOURCES, REFERENCES
    )
    assert loud["CAPITALS"] < 20
    assert loud[PLAIN] == scores[PLAIN]


def test_a_large_test_set_is_sampled_evenly() -> None:
    seen: list[str] = []
    sources = [f"a {number}." for number in range(5 * SENTENCES)]
    measure_forms(lambda texts: seen.extend(texts) or texts, sources, sources)
    assert len(seen) == SENTENCES * len(FORMS)
    assert seen[0] == sources[0]
    assert seen[SENTENCES - 1] == sources[-1]
