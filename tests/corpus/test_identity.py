"""Names of makers are found; what looks like one in a clinic is left alone."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.corpus.identity import MASK, Leak, MaskMap, find_leaks, masked

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
LEAKS = [
    ("As an AI language model developed by OpenAI, I cannot.", ["OpenAI"]),
    ("I am ChatGPT, a large language model.", ["ChatGPT"]),
    ("I'm Claude, an AI assistant made by Anthropic.", ["Claude", "Anthropic"]),
    ("I\u2019m Gemini, a large language model built by Google.", ["Gemini", "Google"]),
    ("My name is Bard and I am an AI assistant.", ["Bard"]),
    ("I was trained by Mistral AI.", ["Mistral AI"]),
    ("GPT-4o would say so.", ["GPT-4o"]),
    ("Ask gpt-3.5-turbo.", ["gpt-3.5-turbo"]),
    ("Claude 3.5 and Claude Sonnet differ.", ["Claude 3.5", "Claude Sonnet"]),
    ("Llama-3-8B-Instruct answers.", ["Llama-3-8B-Instruct"]),
    ("Written by Med-PaLM 2.", ["Med-PaLM 2"]),
    ("Qwen2.5-72B here.", ["Qwen2.5-72B"]),
    ("DeepSeek-R1 thinks.", ["DeepSeek-R1"]),
    ("I am an AI assistant created by Acme Health.", ["Acme Health"]),
    ("I was developed by the team at Nordic Models.", ["Nordic Models"]),
    ("Mixtral 👩‍⚕️ and MedGemma", ["Mixtral", "MedGemma"]),
    ("As an AI, Grok cannot prescribe.", ["Grok"]),
    ("Microsoft Copilot suggests rest.", ["Microsoft Copilot"]),
    ("My creators at Google wrote this.", ["Google"]),
    ("Google DeepMind and Meta AI", ["Google DeepMind", "Meta AI"]),
]
CLINIC = [
    "As an AI language model, I cannot give medical advice.",
    "GPT 45 U/l, GOT 30 U/l, gamma-GT normal.",
    "ALT (GPT) was 120.",
    "Opus surgical dressing; a sonnet was read aloud.",
    "Claude Bernard syndrome; Jean-Claude has claudication.",
    "My colleague Claude examined the knee.",
    "Gemini twins; her zodiac sign is Gemini.",
    "A llama allergy is rare; she keeps an alpaca.",
    "The mistral blows in March.",
    "Collect in a 50 ml Falcon tube.",
    "On the palm of the hand and the palmar aponeurosis.",
    "Phi angle of 30 degrees; Titan dressing; Nova Scotia.",
    "Ask the meta-analysis by Cohen.",
    "Apple cider vinegar does not help.",
    "A vicuna coat and an orca whale.",
    "The command to breathe; follow commands.",
    "The copilot of the flight had chest pain.",
    "In perplexity the patient left.",
    "o1 and o2 saturation; O3 ozone.",
    "Google your symptoms less.",
    "She is a model patient and was made by hand.",
    "The splint was made by Smith and Nephew.",
    "Ernie came with his mother.",
    "Nemo tube; Kimi is a nurse.",
    "This assistant surgeon helped.",
    "Insulin glargine is developed by many firms.",
    "Vitamin K2 and B12; Yi Jin Jing exercises.",
    "Bard catheter, 16 French, by C. R. Bard.",
    "Anthropic factors in the environment.",
    "A coherent history; cohere to the plan.",
]


@pytest.mark.parametrize(("text", "names"), LEAKS)
def test_a_maker_that_is_named_is_found(text, names):
    found = [text[leak.start : leak.end] for leak in find_leaks(text)]

    assert found == names


@pytest.mark.parametrize("text", CLINIC)
def test_what_is_no_maker_is_left_alone(text):
    assert find_leaks(text) == ()


def test_names_of_this_installation_count_as_tokens():
    names = ["acme/triage-large", "triage-7b", "base", "model", "mini"]
    text = "Says triage-7b, or Triage-Large; the base model is a mini triage."

    found = [
        text[leak.start : leak.end] for leak in find_leaks(text, model_names=names)
    ]

    assert found == ["triage-7b", "Triage-Large"]


def test_every_name_is_covered_by_the_same_word():
    short, long = "I am Bard, an AI.", "I am ChatGPT, an AI."

    assert masked(short, find_leaks(short)) == masked(long, find_leaks(long))


def test_masking_twice_changes_nothing_more():
    for text, _ in LEAKS:
        once = masked(text, find_leaks(text))
        assert masked(once, find_leaks(once)) == once


@st.composite
def texts_with_leaks(draw):
    text = draw(st.text(alphabet="ab 👩\u0301ש\n", max_size=60))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return text, [Leak(start, end, "x") for start, end in pairs]


@given(texts_with_leaks(), st.data())
def test_ranges_outside_the_masks_survive_the_way_there_and_back(case, data):
    text, leaks = case
    shown, where = masked(text, leaks), MaskMap(leaks)
    start, end = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))

    there = where.to_shown(start, end)
    back = where.to_stored(*there)

    assert 0 <= there[0] <= there[1] <= len(shown)
    touched = [one for one in leaks if one.start < end and start < one.end]
    if not any(
        one.start < offset < one.end for one in leaks for offset in (start, end)
    ):
        assert back == (start, end)
    if not touched and start < end:
        assert shown[there[0] : there[1]] == text[start:end]


@given(texts_with_leaks())
def test_nothing_but_the_leaks_changes(case):
    text, leaks = case
    kept = masked(text, leaks).split(MASK)

    assert sum(map(len, kept)) == len(text) - sum(one.end - one.start for one in leaks)


@given(st.text(max_size=300))
def test_leaks_lie_in_the_text_and_apart(text):
    leaks = find_leaks(text, model_names=["acme-7b"])

    ends = [0]
    for leak in leaks:
        assert ends[-1] <= leak.start < leak.end <= len(text)
        ends.append(leak.end)


@pytest.mark.parametrize(
    "text",
    [
        "I am an assistant " * 60_000,
        "made by A " * 100_000,
        "gpt-" * 250_000,
        "." * 1_000_000,
        "I am " + "a" * 1_000_000,
    ],
)
def test_a_megabyte_made_to_be_slow_is_not(text):
    began = time.process_time()
    find_leaks(text)
    assert time.process_time() - began < 5


CLINICAL = [
    "kqa_physician_answers",
    "medec_corrections",
    "medquad_qa",
    "mts_dialog_notes",
    "primock57_consultations",
]


@pytest.mark.parametrize("name", CLINICAL)
def test_no_false_alarm_in_a_clinical_corpus(name):
    path = SHARED / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in ../shared/data beside the repository")

    rows = path.read_text(encoding="utf-8").splitlines()

    assert [leaks for row in rows if (leaks := find_leaks(row))] == []
