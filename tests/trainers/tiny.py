"""A language model of a few thousand random weights, and its tokenizer, made here.

Nothing is downloaded. It learns nothing either: two steps show that a trainer takes the
columns, computes a loss of them and changes a weight.
"""

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)

# `generation` marks what the assistant says, for a loss on assistant turns only.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] }}<|end|>{% endgeneration %}\n"
    "{% else %}{{ message['content'] }}<|end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
_SPECIAL = [
    "<|pad|>",
    "<|end|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|tool|>",
]
_VOCABULARY = 512


def make_tokenizer(texts: Iterable[str], folder: Path) -> None:
    """Train a byte-level tokenizer on the export's own texts and save it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=_SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        eos_token="<|end|>",
        additional_special_tokens=_SPECIAL[2:],
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)


def make_models(folder: Path) -> tuple[Path, Path]:
    """Save a causal model and a reward model beside the tokenizer in `folder`.

    Several trainers build their reference model from the policy's path, so both lie on
    disk.
    """
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        num_labels=1,
    )
    torch.manual_seed(0)
    places = folder / "causal", folder / "reward"
    for place, kind in zip(
        places, (LlamaForCausalLM, LlamaForSequenceClassification), strict=True
    ):
        kind(config).save_pretrained(place)
        tokenizer.save_pretrained(place)
    return places
