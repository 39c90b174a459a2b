"""Where a text names the model or the company that wrote it, so that raters stay blind.

Three ways of naming are known: names that mean nothing else (OpenAI, Mixtral, GPT-4o);
names that are also words or people's names (Claude, Gemini, Llama), which count with a
version or in a sentence that speaks of an AI; and whoever is said to have made the
assistant. In medicine much looks like a name and is none: GPT is a liver enzyme, opus
surgical, a Falcon a tube; tests/corpus/test_identity.py lists what must not match.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Grows whenever the same text could give another answer.
SCANNER_VERSION = 1
MASK = "[model]"

_VERSION = r"[- ]?v?\d[\w.+-]*\w|[- ]?\d"
# Canonical name -> pattern of names that mean nothing else.
_DISTINCT = {
    "OpenAI": r"open\s?ai",
    "ChatGPT": r"chat-?gpt(?:-?\d[\w.]*)?",
    "GPT": r"gpt-(?:j|neo|neox|\d[\w.-]*)|gpt[345](?:\.\d)?o?(?:-\w+)*|gpt 4o",
    "o-series": r"o[134]-(?:mini|preview|pro)",
    "Anthropic": r"anthropic(?:'s)? ai|anthropic(?= pbc)",
    "DeepMind": r"(?:google\s+)?deepmind",
    "Gemini": r"(?:google\s+)?gemini[- ](?:pro|ultra|flash|nano|advanced|\d[\w.]*)",
    "Bard": r"google bard",
    "PaLM": r"(?:med-?|flan-?)palm(?:[- ]?2)?|palm[- ]2",
    "Gemma": rf"medgemma(?:{_VERSION})?|gemma[- ]?\d[\w.-]*",
    "Claude": r"claude[- ](?:\d[\w.-]*|opus|sonnet|haiku|instant|ai)",
    "Llama": r"(?:code|meta)[- ]?llama(?:[- ]?\d[\w.-]*)?|llama[- ]?[234][\w.-]*",
    "Meta AI": r"meta ai",
    "Mistral": r"mistral ai|biomistral|mixtral[\w.-]*|mistral[- ](?:\d+b|large|nemo)[\w-]*",
    "Qwen": r"qwen[\w.-]*|tongyi qianwen",
    "Alibaba": r"alibaba cloud",
    "DeepSeek": r"deep-?seek[\w.-]*",
    "Grok": r"grok[- ]?\d[\w.-]*",
    "Cohere": r"command[- ]r\+|cohere(?:'s)? (?:ai|command|aya)",
    "Copilot": r"(?:microsoft|github|bing) (?:copilot|chat)",
    "Perplexity": r"perplexity ai|perplexity\.ai",
    "Falcon": r"falcon[- ]\d+b[\w-]*",
    "Vicuna": r"vicuna[- ]\d+b[\w-]*",
    "Alpaca": r"alpaca[- ]\d+b[\w-]*",
    "Meditron": r"meditron(?:[- ]\d+b)?",
    "Phi": r"phi-[1234](?:\.\d)?(?:-\w+)*",
    "Yi": r"yi-\d+b[\w-]*",
    "GLM": r"chatglm[\w.-]*|glm-\d[\w.-]*|zhipu ai",
    "ERNIE": r"ernie bot|ernie \d(?:\.\d)?",
    "Kimi": r"moonshot ai",
    "Hunyuan": r"hunyuan[\w.-]*",
    "Nemotron": r"nemotron[\w.-]*",
    "DBRX": r"dbrx[\w.-]*",
    "Jamba": r"ai21(?: labs)?",
    "Hugging Face": r"hugging ?face|huggingchat",
    "BioGPT": r"biogpt[\w.-]*",
    "Aleph Alpha": r"aleph alpha",
}
# Also words, surnames or firms that do much else: only where an AI speaks of itself.
_AMBIGUOUS = (
    "Anthropic", "Claude", "Gemini", "Bard", "Llama", "Grok", "Mistral", "Gemma",
    "Falcon", "Vicuna", "Alpaca", "Orca", "Titan", "Nova", "Phi", "Cohere", "Copilot",
    "Perplexity", "Kimi", "Google", "Microsoft", "Meta", "Amazon", "Apple", "IBM",
    "NVIDIA", "xAI", "Baidu", "ByteDance", "Tencent", "Alibaba", "Samsung",
    "Stability AI", "Inflection", "GPT", "PaLM", "o1", "o3",
)  # fmt: skip
_SELF = re.compile(
    r"\b(?:I am|I['\u2019]m|my name is|I was|as an?|call me)\b[^.!?\n]{0,80}?"
    r"\b(?:AI|A\.I\.|artificial intelligence|language model|LLM|chat ?bot|assistant|model)\b"
    r"|\b(?:AI|language model|LLM|chat ?bot|assistant)\b[^.!?\n]{0,40}?"
    r"\b(?:named|called|developed|trained|created|made|built|designed)\b"
    r"|\bI was (?:developed|trained|created|made|built|designed)\b"
    r"|\bmy (?:developers?|creators?|makers?|training data)\b",
    re.IGNORECASE,
)
_MADE_BY = re.compile(
    r"\b(?:developed|trained|created|made|built|designed|fine-tuned|maintained)"
    r"(?: and \w+)?\s+by\s+(?:the team at\s+)?"
    r"(?P<name>[A-Z][\w&-]*(?:\s+[A-Z][\w&-]*){0,3})"
)
_SENTENCE = re.compile(r"[^.!?\n]*(?:\.(?=\w)[^.!?\n]*)*[.!?\n]?")
_EDGES = r"(?<![\w-]){}(?![\w-])"
_DISTINCT_RE = re.compile(
    "|".join(
        f"(?P<n{number}>{_EDGES.format(f'(?:{pattern})')})"
        for number, pattern in enumerate(_DISTINCT.values())
    ),
    re.IGNORECASE,
)
_DISTINCT_NAMES = list(_DISTINCT)
_AMBIGUOUS_RE = re.compile(
    _EDGES.format("(?:" + "|".join(map(re.escape, _AMBIGUOUS)) + ")")
)
# "Made by Doctors" names nobody.
_NOBODY = frozenset(
    {
        "A",
        "An",
        "The",
        "Doctors",
        "Physicians",
        "Experts",
        "Clinicians",
        "Nurses",
        "Our",
    }
)
_MIN_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Leak:
    """A place that names the maker; code points of the stored text, half open."""

    start: int
    end: int
    name: str


def find_leaks(text: str, *, model_names: Iterable[str] = ()) -> tuple[Leak, ...]:
    """Every place where `text` names its maker, in order, none overlapping.

    Args:
        text: as stored.
        model_names: that completions carry in this installation. One counts as a whole
            token if it cannot be an ordinary word: it has a digit or a slash, and at
            least four letters.
    """
    found = [*_distinct(text), *_given(text, model_names)]
    for sentence in _SENTENCE.finditer(text):
        if _SELF.search(sentence.group()):
            found += _said_of_itself(text, sentence.start(), sentence.end())
    return _merged(found)


def _distinct(text: str) -> Iterable[Leak]:
    for match in _DISTINCT_RE.finditer(text):
        # A version ends before the sentence's own full stop.
        end = match.start() + len(match.group().rstrip(".-"))
        number = int((match.lastgroup or "n0")[1:])
        yield Leak(match.start(), end, _DISTINCT_NAMES[number])


def _given(text: str, model_names: Iterable[str]) -> Iterable[Leak]:
    tokens = {
        name
        for name in model_names
        if ("/" in name or any(one.isdigit() for one in name))
        and sum(one.isalpha() for one in name) >= _MIN_LETTERS
    }
    tokens |= {name.rsplit("/", 1)[1] for name in tokens if "/" in name}
    words = sorted(filter(_is_telling, tokens), key=lambda name: (-len(name), name))
    if not words:
        return
    pattern = _EDGES.format("(?:" + "|".join(map(re.escape, words)) + ")")
    for match in re.finditer(pattern, text, re.IGNORECASE):
        yield Leak(match.start(), match.end(), match.group())


def _is_telling(name: str) -> bool:
    return sum(one.isalpha() for one in name) >= _MIN_LETTERS and not name.isalpha()


def _said_of_itself(text: str, start: int, end: int) -> Iterable[Leak]:
    for match in _AMBIGUOUS_RE.finditer(text, start, end):
        yield Leak(match.start(), match.end(), match.group())
    for match in _MADE_BY.finditer(text, start, end):
        if match["name"].split()[0] not in _NOBODY:
            yield Leak(match.start("name"), match.end("name"), match["name"])


def _merged(found: Iterable[Leak]) -> tuple[Leak, ...]:
    merged: list[Leak] = []
    for leak in sorted(found, key=lambda one: (one.start, -one.end)):
        if merged and leak.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Leak(last.start, max(last.end, leak.end), last.name)
        else:
            merged.append(leak)
    return tuple(merged)


def masked(text: str, leaks: Sequence[Leak]) -> str:
    """The text with each leak covered by the same word, whatever the name's length."""
    parts, at = [], 0
    for leak in leaks:
        parts += [text[at : leak.start], MASK]
        at = leak.end
    return "".join([*parts, text[at:]])


class MaskMap:
    """Offsets of a masked text and of the stored one, each from the other."""

    def __init__(self, leaks: Sequence[Leak]) -> None:
        self._spans: list[tuple[int, int, int, int]] = []
        moved = 0
        for leak in leaks:
            shown = leak.start + moved
            self._spans.append((leak.start, leak.end, shown, shown + len(MASK)))
            moved += len(MASK) - (leak.end - leak.start)

    def to_stored(self, start: int, end: int) -> tuple[int, int]:
        """The stored range of a shown one; a mask it touches is taken as a whole."""
        spans = [(c, d, a, b) for a, b, c, d in self._spans]
        return _moved(spans, start, end)

    def to_shown(self, start: int, end: int) -> tuple[int, int]:
        """The shown range of a stored one; a mask it touches is taken as a whole."""
        return _moved(self._spans, start, end)


def _moved(
    spans: Sequence[tuple[int, int, int, int]], start: int, end: int
) -> tuple[int, int]:
    """Move a range through spans of (from start, from end, to start, to end)."""

    def move(offset: int, *, is_end: bool) -> int:
        moved = offset
        for from_start, from_end, to_start, to_end in spans:
            if offset >= from_end:
                moved = offset - from_end + to_end
            elif offset > from_start:
                return to_end if is_end else to_start
        return moved

    if start == end:
        point = move(start, is_end=False)
        return point, point
    return move(start, is_end=False), move(end, is_end=True)
