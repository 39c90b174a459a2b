"""Two steps of each trainer, on a configuration as `load_dataset` gives it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import trl
from datasets import Dataset, load_dataset
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast
from trl.experimental.cpo import CPOConfig, CPOTrainer
from trl.experimental.orpo import ORPOConfig, ORPOTrainer
from trl.experimental.tpo import TPOConfig, TPOTrainer

N_STEPS = 2
_MAX_TOKENS = 4096
# Enough for two steps, and for both labels of the unpaired rows.
_MAX_ROWS = 48


@dataclass(frozen=True)
class Run:
    """One trainer on one configuration.

    Attributes:
        name: as the table shows it.
        configuration: of the export, taken without any mapping.
        trainer: TRL's class.
        config: TRL's class of its arguments.
        options: arguments beside the common ones.
        is_reward: it trains a reward model.
    """

    name: str
    configuration: str
    trainer: Callable[..., Any]
    config: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)
    is_reward: bool = False


_LONG = {"max_length": _MAX_TOKENS}
_SHORT = {"max_completion_length": 8, "num_generations": 2}


def _reward(completions: list[Any], **_columns: Any) -> list[float]:
    """Something that differs from completion to completion."""
    return [float(sum(one[0]["content"].encode()) % 17) for one in completions]


def _sft(name: str, configuration: str, **options: Any) -> Run:
    return Run(name, configuration, trl.SFTTrainer, trl.SFTConfig, {**_LONG, **options})


def _pairs(kind: str, configuration: str, trainer: Any, config: Any) -> Run:
    return Run(f"{kind} on {configuration}", configuration, trainer, config, _LONG)


RUNS = (
    _sft("SFT on messages", "sft"),
    _sft("SFT, assistant turns only", "sft", assistant_only_loss=True),
    _sft("SFT on prompt and completion", "sft_prompt_completion"),
    _pairs("DPO", "preference", trl.DPOTrainer, trl.DPOConfig),
    _pairs("DPO", "preference_implicit", trl.DPOTrainer, trl.DPOConfig),
    _pairs("DPO", "preference_text", trl.DPOTrainer, trl.DPOConfig),
    _pairs("KTO", "kto", trl.KTOTrainer, trl.KTOConfig),
    _pairs("KTO", "kto_text", trl.KTOTrainer, trl.KTOConfig),
    *(
        Run(
            f"Reward on {configuration}",
            configuration,
            trl.RewardTrainer,
            trl.RewardConfig,
            _LONG,
            is_reward=True,
        )
        for configuration in ("preference", "preference_implicit", "preference_text")
    ),
    Run("GRPO on prompts", "prompts", trl.GRPOTrainer, trl.GRPOConfig, _SHORT),
    Run("RLOO on prompts", "prompts", trl.RLOOTrainer, trl.RLOOConfig, _SHORT),
    _pairs("ORPO", "preference", ORPOTrainer, ORPOConfig),
    _pairs("CPO", "preference", CPOTrainer, CPOConfig),
    _pairs("ORPO", "preference_text", ORPOTrainer, ORPOConfig),
    _pairs("CPO", "preference_text", CPOTrainer, CPOConfig),
    _pairs("TPO", "corrections", TPOTrainer, TPOConfig),
)


def rows_for(run: Run, *, export: Path, cache: Path) -> Dataset:
    """The first rows of the train split; of unpaired rows, some with each label."""
    rows = load_dataset(
        str(export), run.configuration, split="train", cache_dir=str(cache)
    )
    if "label" in rows.column_names:
        good = [n for n, label in enumerate(rows["label"]) if label]
        bad = [n for n, label in enumerate(rows["label"]) if not label]
        half = _MAX_ROWS // 2
        return rows.select([*good[:half], *bad[:half]])
    return rows.select(range(min(_MAX_ROWS, len(rows))))


def train(run: Run, *, export: Path, model: Path, scratch: Path) -> str:
    """Train two steps; say how it went.

    Raises:
        AssertionError: if it took fewer steps, lost rows, or changed nothing.
    """
    rows = rows_for(run, export=export, cache=scratch / "cache")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(model)
    policy: Any = str(model)
    if run.is_reward:
        policy = AutoModelForSequenceClassification.from_pretrained(model, num_labels=1)
    options = dict(run.options)
    arguments: dict[str, Any] = {
        "args": run.config(
            output_dir=str(scratch / "out"),
            max_steps=N_STEPS,
            per_device_train_batch_size=2,
            learning_rate=0.01,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            bf16=False,
            disable_tqdm=True,
            **options,
        ),
        "train_dataset": rows,
        "processing_class": tokenizer,
    }
    if run.configuration == "prompts":
        arguments["reward_funcs"] = _reward
    if run.trainer in {ORPOTrainer, CPOTrainer}:
        # These two take a model, not its path.
        policy = trl.trainer.utils.create_model_from_path(
            policy, dtype=torch.float32, device_map=None
        )
    trainer = run.trainer(model=policy, **arguments)
    before = [one.detach().clone() for one in trainer.model.parameters()]
    trainer.train()
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    moved = sum(
        float((new.detach() - old).abs().sum())
        for old, new in zip(before, trainer.model.parameters(), strict=True)
    )
    n_kept = len(trainer.train_dataset)
    assert trainer.state.global_step == N_STEPS, trainer.state.global_step
    assert len(losses) == N_STEPS, losses
    assert all(math.isfinite(one) for one in losses), losses
    assert 0 < moved < math.inf, f"weights moved by {moved}"
    assert n_kept == len(rows), f"{n_kept} of {len(rows)} rows are left"
    return f"{len(rows)} rows, loss {losses[0]:.3f} then {losses[1]:.3f}"
