"""The embedded corpus: its numbering, and its English and French."""

from __future__ import annotations

import hashlib
import pickle
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pyrealb
import pytest

from components import sample
from components.sample import lexicon, patterns, sentences
from components.sample.engine import realized
from components.sample.numbering import Mix, OneOf, Permutation, Product, Union
from components.sample.words import Adjective, Clause, Name, Noun, NounPhrase, Verb

WORD = re.compile(r"\w+(?:-\w+)*'?|[^\w\s]")

# What the default corpus begins and ends with, and how seed 7 begins: any change of the grammar shows here.
EXPECTED_42 = [
    ("Victor stole useful boxes and he lost them.", "Victor a volé des boîtes utiles et il les a perdues."),
    ("The reports are old.", "Les rapports sont vieux."),
    ("You do not come from Brazil on Tuesdays.", "Vous ne venez pas du Brésil le mardi."),
    ("She met this student.", "Elle a rencontré cet étudiant."),
    ("These cats hide behind the castle.", "Ces chats se cachent derrière le château."),
]
EXPECTED_LAST = [
    ("We repaired a car.", "Nous avons réparé une voiture."),
    ("There are five new rings near the desk.", "Il y a cinq nouvelles bagues près du bureau."),
]
EXPECTED_7 = (
    "Three discreet waiters understood the question far from the tower.",
    "Trois serveurs discrets ont compris la question loin de la tour.",
)
# Of the default corpus, one "English<TAB>French" a line.
SHA256_OF_40_000 = "75491742714d6898c69c9b2160656b9fb2e9a1b7d5abba81dedaf223e05ab308"


@pytest.fixture(scope="module")
def corpus() -> list[tuple[str, str]]:
    return list(sample.pairs(0, 50_000))


# --- numbering


def test_pairs_of_the_default_seed_are_known() -> None:
    assert list(sample.pairs(0, 5)) == EXPECTED_42
    assert list(sample.pairs(999_998, 1_000_000)) == EXPECTED_LAST


def test_the_default_corpus_is_the_same_to_the_byte(corpus: list[tuple[str, str]]) -> None:
    text = "".join(f"{english}\t{french}\n" for english, french in corpus[:40_000])
    assert hashlib.sha256(text.encode()).hexdigest() == SHA256_OF_40_000


def test_another_seed_gives_another_order() -> None:
    assert next(sample.pairs(0, 1, seed=7)) == EXPECTED_7
    assert set(sample.pairs(0, 50, seed=7)).isdisjoint(sample.pairs(0, 50, seed=42))


def test_ranges_join() -> None:
    assert [*sample.pairs(0, 10), *sample.pairs(10, 20)] == list(sample.pairs(0, 20))


def test_a_range_that_starts_anywhere_needs_nothing_before_it(corpus: list[tuple[str, str]]) -> None:
    code = "from components.sample import pairs; print(list(pairs(7_000, 7_003)))"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == str(corpus[7_000:7_003])
    assert fresh.stderr == ""


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (5, 4), (0, sample.CAPACITY + 1)])
def test_a_range_beyond_the_corpus_is_refused_at_once(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match=str(sample.CAPACITY)):
        sample.pairs(start, stop)


def test_sentences_are_distinct_on_the_english_side(corpus: list[tuple[str, str]]) -> None:
    assert len({english for english, _ in corpus}) == len(corpus) == 50_000


def test_the_grammar_has_room_for_the_capacity() -> None:
    assert sample.CAPACITY >= 1_000_000
    assert patterns.CORPUS.size >= sample.CAPACITY


@pytest.mark.parametrize("size", [1, 2, 1000, 4097])
def test_a_permutation_meets_every_number_once(size: int) -> None:
    place = Permutation(size, seed=3)
    assert sorted(place(number) for number in range(size)) == list(range(size))


def test_a_mix_keeps_its_proportions_and_repeats_nothing() -> None:
    few, many = (
        OneOf([f"a{i}" for i in range(9)]),
        Product(lambda x, y: f"b{x}.{y}", range(10), range(10)),
    )
    mix = Mix((1, few), (4, Union(many)))
    values = [mix.at(number) for number in range(mix.size)]
    assert len(set(values)) == mix.size == 9 + 100
    assert Counter(value[0] for value in values[:40]) == {"a": 8, "b": 32}
    with pytest.raises(IndexError):
        mix.at(mix.size)


# --- behaviour as a source for Beam workers


def test_importing_the_package_loads_neither_pyrealb_nor_beam() -> None:
    code = (
        "import sys, components.sample as s; assert s.CAPACITY; "
        "print([m for m in ('pyrealb', 'apache_beam', 'tensorflow') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_the_function_travels_by_name() -> None:
    assert pickle.loads(pickle.dumps(sample.pairs)) is sample.pairs


def test_threads_do_not_disturb_each_other(corpus: list[tuple[str, str]]) -> None:
    for room in (sentences.english, sentences.french):
        for function in vars(room).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()
    starts = [0, 100, 200, 300]
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda start: list(sample.pairs(start, start + 100)), starts))
    assert [pair for part in parts for pair in part] == corpus[:400]


def test_nothing_is_printed_and_the_language_of_pyrealb_is_left_alone(capfd: pytest.CaptureFixture[str]) -> None:
    for language in ("en", "fr"):
        pyrealb.load(language)
        list(sample.pairs(500_000, 500_050))
        assert pyrealb.getLanguage() == language
    assert pyrealb.Constituent.exceptionOnWarning is False
    assert capfd.readouterr() == ("", "")


def test_a_word_pyrealb_does_not_know_is_an_error() -> None:
    with pytest.raises(pyrealb.PyrealbException):
        realized("fr")(lambda: pyrealb.N("zzz"))()
    assert pyrealb.Constituent.exceptionOnWarning is False


# --- the text


def test_every_sentence_is_clean(corpus: list[tuple[str, str]]) -> None:
    for english, french in corpus:
        assert re.fullmatch(r"[A-ZÉ][\w' ,-]*[.?]", english), english
        assert re.fullmatch(r"[A-ZÀÉ][\w' ,-]*(\.|\u202f\?)", french), french
        assert english.endswith("?") == french.endswith("?")
        for text in (english, french):
            assert "  " not in text
            assert " ," not in text


def test_french_elides_and_contracts(corpus: list[tuple[str, str]]) -> None:
    # The only aspirate h of the vocabulary is that of harpe; "de le" before an infinitive would be right.
    vowel = "(?:[aeiouâàéèêîôœ]|h(?!arpe))"
    wrong = re.compile(
        rf"\b(?:le|la|je|me|te|se|de|ne|que|du|au|ce|ma|sa) {vowel}|\b(?:à|de) les?\b(?! \w+er\b)|\bde d(?:es|u|e)\b"
        rf"|\bsi ils?\b|\b(?:le|un|ce|mon|son|notre|votre|leur) (?:beau|vieux|nouveau) {vowel}",
        re.IGNORECASE,
    )
    assert [french for _, french in corpus if wrong.search(french)] == []


def test_lengths_and_vocabulary(corpus: list[tuple[str, str]]) -> None:
    for side, most in ((0, 1_500), (1, 3_000)):
        tokens = [WORD.findall(pair[side]) for pair in corpus]
        lengths = [len(words) for words in tokens]
        assert 7.5 < sum(lengths) / len(lengths) < 10.5
        assert min(lengths) <= 5
        assert 16 <= max(lengths) <= 22
        counts = Counter(word for words in tokens for word in words)
        assert most * 0.7 < len(counts) < most


TABLES = [table for table in vars(lexicon).values() if isinstance(table, tuple)]
WORDS = [word for table in TABLES for word in table]


def test_no_english_noun_or_adjective_has_two_translations() -> None:
    meaning: dict[str, str] = {}
    for word in WORDS:
        if isinstance(word, Noun | Adjective):
            assert meaning.setdefault(word.english, word.french) == word.french


def test_genders_are_those_of_pyrealb() -> None:
    every = {word for word in WORDS if isinstance(word, Noun)}
    assert len(every) > 180
    for noun in every:
        assert pyrealb.getLemma(noun.french, "fr")["N"]["g"] in (noun.gender, "x"), noun


N = {word.english: word for word in WORDS if isinstance(word, Noun)}
A = {word.english: word for word in WORDS if isinstance(word, Adjective)}
ME, YOU, HE, SHE, WE, THEY = lexicon.PRONOUNS
MARIE, ANNE, PAUL = (next(name for name in lexicon.NAMES if name.english == n) for n in ("Marie", "Anne", "Paul"))
MARIE_AND_ANNE = next(couple for couple in lexicon.COUPLES if couple.french == "Marie et Anne")


def verb(english: str, french: str) -> Verb:
    every = [v for family in lexicon.FAMILIES for v in family.verbs] + [v for v in WORDS if isinstance(v, Verb)]
    return next(v for v in every if (v.english, v.french) == (english, french))


def the(noun: str, number: str = "s", adjective: str = "", determiner: str = "the") -> NounPhrase:
    return NounPhrase(determiner, N[noun], number, A[adjective] if adjective else None)


READ, WRITE, SEE, GIVE = verb("read", "lire"), verb("write", "écrire"), verb("see", "voir"), verb("give", "donner")
GO, FIND, GET_UP, EAT = verb("go", "aller"), verb("find", "trouver"), verb("get", "lever"), verb("eat", "manger")
CANADA = next(place for place in lexicon.TO_TOWNS if place.governed.english == "Canada")
FRANCE = next(place for place in lexicon.TOWNS if place.governed.english == "France")
NEAR_BRIDGE = next(p for p in lexicon.BESIDE if p.english == "near" and p.governed == the("bridge"))
NEAR_HOSPITAL = next(p for p in lexicon.BESIDE if p.english == "near" and p.governed == the("hospital"))
QUESTION_WHERE = ("where", "où est-ce que")

TRICKY = [
    # elision
    (sentences.statement(Clause(ME, verb("admire", "admirer"), the("man"), "present")),
     "I admire the man.", "J'admire l'homme."),
    (sentences.linked(Clause(ANNE, verb("think", "penser"), None, "present"), ("that", "que"),
                      Clause(HE, GO, None, "past", place=CANADA)),
     "Anne thinks that he went to Canada.", "Anne pense qu'il est allé au Canada."),
    (sentences.subordinate(("if", "si"), Clause(THEY, FIND, the("key"), "present"), Clause(ANNE, EAT, None, "future")),
     "If they find the key, Anne will eat.", "S'ils trouvent la clé, Anne mangera."),
    (sentences.subordinate(("if", "si"), Clause(SHE, FIND, the("key"), "present"), Clause(ANNE, EAT, None, "future")),
     "If she finds the key, Anne will eat.", "Si elle trouve la clé, Anne mangera."),
    # agreement and place of adjectives
    (sentences.statement(Clause(
        the("man", adjective="old", determiner="this"), SEE, the("church", "p", "old", "a"), "future")),
     "This old man will see old churches.", "Ce vieil homme verra de vieilles églises."),
    (sentences.statement(Clause(HE, FIND, the("hotel", adjective="beautiful", determiner="a"), "present")),
     "He finds a beautiful hotel.", "Il trouve un bel hôtel."),
    (sentences.statement(Clause(WE, FIND, the("shirt", "p", "white", "our"), "perfect")),
     "We have found our white shirts.", "Nous avons trouvé nos chemises blanches."),
    (sentences.statement(Clause(SHE, SEE, the("school", adjective="old", determiner="his"), "perfect")),
     "She has seen his old school.", "Elle a vu sa vieille école."),
    # contraction
    (sentences.statement(Clause(PAUL, GIVE, the("book"), "past", indirect=the("child", "p"))),
     "Paul gave the book to the children.", "Paul a donné le livre aux enfants."),
    (sentences.statement(Clause(PAUL, lexicon.PLAY_MUSIC, the("piano"), "present", place=NEAR_BRIDGE)),
     "Paul plays the piano near the bridge.", "Paul joue du piano près du pont."),
    (sentences.statement(Clause(
        PAUL, lexicon.PLAY_SPORT, NounPhrase("generic", N["tennis"]), "present", place=NEAR_HOSPITAL)),
     "Paul plays tennis near the hospital.", "Paul joue au tennis près de l'hôpital."),
    (sentences.statement(Clause(PAUL, verb("talk", "parler"), the("idea", "p", "new", "a"), "was doing", place=FRANCE)),
     "Paul was talking about new ideas in France.", "Paul parlait de nouvelles idées en France."),
    # agreement of participles
    (sentences.statement(Clause(MARIE_AND_ANNE, GO, None, "past", place=CANADA)),
     "Marie and Anne went to Canada.", "Marie et Anne sont allées au Canada."),
    (sentences.statement(Clause(the("nurse", "p"), GET_UP, None, "past", "not")),
     "The nurses did not get up.", "Les infirmières ne se sont pas levées."),
    (sentences.object_relative(the("letter"), Clause(ME, WRITE, None, "pluperfect", "not"), A["long"], "past state"),
     "The letter that I had not written was long.", "La lettre que je n'avais pas écrite était longue."),
    (sentences.asked_which(("how many", "p"), N["letter"], Clause(MARIE, WRITE, None, "past")),
     "How many letters did Marie write?", "Combien de lettres est-ce que Marie a écrites\u202f?"),
    (sentences.same_object(Clause(the("nurse"), FIND, the("key", "p"), "perfect"), verb("hide", "cacher")),
     "The nurse has found the keys and she has hidden them.", "L'infirmière a trouvé les clés et elle les a cachées."),
    (sentences.done(the("letter", "p"), WRITE, "past", "not", ANNE),
     "The letters were not written by Anne.", "Les lettres n'ont pas été écrites par Anne."),
    # negation, with pronouns before the verb
    (sentences.statement(Clause(ME, GIVE, THEY, "past", "not", indirect=SHE)),
     "I did not give them to her.", "Je ne les lui ai pas donnés."),
    (sentences.statement(Clause(HE, SEE, SHE, "past", "not")), "He did not see her.", "Il ne l'a pas vue."),
    (sentences.statement(Clause(THEY, SEE, WE, "past")), "They saw us.", "Ils nous ont vus."),
    (sentences.statement(Clause(HE, SEE, ME, "would like to", "not")),
     "He would not like to see me.", "Il n'aimerait pas me voir."),
    (sentences.statement(Clause(SHE, verb("speak", "parler"), THEY, "is going to")),
     "She is going to speak to them.", "Elle va leur parler."),
    (sentences.statement(Clause(PAUL, READ, the("book", "p", determiner="a"), "present", "never")),
     "Paul never reads books.", "Paul ne lit jamais de livres."),
    (sentences.statement(Clause(PAUL, EAT, NounPhrase("some", N["soup"]), "present", "no longer")),
     "Paul no longer eats soup.", "Paul ne mange plus de soupe."),
    (sentences.statement(Clause(PAUL, EAT, NounPhrase("some", N["meat"]), "present")),
     "Paul eats meat.", "Paul mange de la viande."),
    # questions
    (sentences.question(Clause(HE, READ, the("letter"), "present")),
     "Does he read the letter?", "Est-ce qu'il lit la lettre\u202f?"),
    (sentences.asked_with(QUESTION_WHERE, Clause(ANNE, READ, the("letter"), "perfect")),
     "Where has Anne read the letter?", "Où est-ce qu'Anne a lu la lettre\u202f?"),
    (sentences.asked_with(("what", "qu'est-ce que"), Clause(YOU, verb("look", "chercher"), None, "progressive")),
     "What are you looking for?", "Qu'est-ce que vous cherchez\u202f?"),
    (sentences.statement(Clause(Name("who", "qui"), READ, the("letter"), "should"), asked=True),
     "Who should read the letter?", "Qui devrait lire la lettre\u202f?"),
    (sentences.existing(the("egg", "p", determiner="a"), lexicon.ON_FURNITURE[0], "future", "?"),
     "Will there be eggs near the table?", "Est-ce qu'il y aura des œufs près de la table\u202f?"),
    # the rest
    (sentences.because(Clause(the("woman", "p"), EAT, None, "progressive"), A["tired"], "present"),
     "The women are eating because they are tired.", "Les femmes mangent parce qu'elles sont fatiguées."),
    (sentences.compared(MARIE, A["tall"], "more", the("brother", determiner="his"), "present"),
     "Marie is taller than his brother.", "Marie est plus grande que son frère."),
    (sentences.statement(Clause(SHE, lexicon.BECOME, N["actress"], "past")),
     "She became an actress.", "Elle est devenue actrice."),
    (sentences.command(EAT, the("egg"), "not", None, True),
     "Please do not eat the egg.", "Ne mangez pas l'œuf, s'il vous plaît."),
]  # fmt: skip


@pytest.mark.parametrize(("pair", "english", "french"), TRICKY, ids=[row[1] for row in TRICKY])
def test_tricky(pair: tuple[str, str], english: str, french: str) -> None:
    assert pair == (english, french)
