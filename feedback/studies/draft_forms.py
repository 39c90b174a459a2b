"""Forms of a guideline draft: its words, a criterion of any kind, a label, the tasks."""

from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.utils.text import slugify

from feedback.common.exceptions import DomainError
from feedback.studies.criteria import (
    Choice,
    CriterionDraft,
    Example,
    FormDraft,
    SpanLabelDraft,
)
from feedback.studies.drafts import MAX_OPTIONS
from feedback.studies.models import Criterion, SpanLabel, Task, TaskForm
from feedback.studies.plain_forms import PlainForm

MAX_BODY = 50_000
_SPARE_EXAMPLES = 2
_MAX_EXAMPLES = 12
_WITH_OPTIONS = {"nominal", "multi_label"}
_KEY_HELP = (
    "Small letters, digits and _. Answers of all versions are compared by it: keep it "
    "as long as the question means the same. Made from the name if empty."
)


def _key_from(given: str, name: str) -> str:
    return given.strip() or slugify(name).replace("-", "_")[:40]


class TextForm(PlainForm):
    """The words of a draft."""

    title = forms.CharField(
        label="Title",
        max_length=200,
        error_messages={"required": "Give the guideline a title."},
    )
    body = forms.CharField(
        label="Guideline",
        max_length=MAX_BODY,
        widget=forms.Textarea(attrs={"rows": 14, "class": "tall", "dir": "auto"}),
        help_text="What raters read beside each task, exactly as you write it.",
        error_messages={"required": "Write what raters are to go by."},
    )
    changes = forms.CharField(
        label="What changed, for raters",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text="They read this when they meet the new version.",
    )
    is_major = forms.BooleanField(
        label="This is a major version",
        required=False,
        help_text="Answers may come out differently under it. Raters confirm that they "
        "read the changes, and agreement never pools answers across major versions.",
    )


class CriterionForm(PlainForm):
    """One criterion; only what belongs to its kind is kept."""

    name = forms.CharField(
        label="Name", max_length=80, error_messages={"required": "Give it a name."}
    )
    question = forms.CharField(
        label="Question",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write the question."},
    )
    key = forms.CharField(
        label="Key", max_length=40, required=False, help_text=_KEY_HELP
    )
    kind = forms.ChoiceField(
        label="Answered by",
        choices=Criterion.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how it is answered."},
    )
    scope = forms.ChoiceField(
        label="Asked of", choices=Criterion.Scope.choices, widget=forms.RadioSelect
    )
    direction = forms.ChoiceField(
        label="A higher value is",
        choices=[("better", "Better"), ("worse", "Worse"), ("neutral", "Neither")],
        widget=forms.RadioSelect,
        help_text="What is neither describes, and is never averaged into quality.",
    )
    minimum = forms.IntegerField(
        label="Lowest value", min_value=0, max_value=1, required=False
    )
    maximum = forms.IntegerField(
        label="Highest value", min_value=1, max_value=MAX_OPTIONS, required=False
    )
    low_label = forms.CharField(
        label="What the lowest value is called", max_length=60, required=False
    )
    high_label = forms.CharField(
        label="What the highest value is called", max_length=60, required=False
    )
    is_required = forms.BooleanField(label="Has to be answered", required=False)
    guidance = forms.CharField(
        label="Guidance",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text="What the guideline says of this question; one key away while rating.",
    )
    condition_key = forms.ChoiceField(
        label="Asked only if an earlier question has a certain answer",
        required=False,
    )
    condition_values = forms.CharField(
        label="These answers",
        required=False,
        max_length=400,
        help_text="Values divided by commas, e.g. 1, 2; of a yes or no: 1 is yes, 0 no.",
    )

    def __init__(
        self,
        *args: Any,  # noqa: ANN401
        earlier: list[tuple[str, str]],
        content: CriterionDraft | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        if content is not None:
            kwargs["initial"] = _initial(content)
        super().__init__(*args, **kwargs)
        always = ("", "Always asked")
        field = self.fields["condition_key"]
        field.choices = [always, *earlier]  # type: ignore[attr-defined]
        n_examples = len(content.examples) if content else 0
        self.n_examples = min(n_examples + _SPARE_EXAMPLES, _MAX_EXAMPLES)
        for value in range(MAX_OPTIONS + 1):
            self.fields[f"anchor_{value}"] = _short(f"A {value} means", 300)
        for row in range(MAX_OPTIONS):
            self.fields[f"option_{row}_value"] = _short(f"Value {row + 1}", 40)
            self.fields[f"option_{row}_label"] = _short(f"Label {row + 1}", 80)
            self.fields[f"option_{row}_meaning"] = _short(f"Meaning {row + 1}", 300)
        for row in range(self.n_examples):
            self.fields[f"example_{row}_text"] = _long(f"Example {row + 1}", 1000)
            self.fields[f"example_{row}_value"] = _short("Right answer", 40)
            self.fields[f"example_{row}_why"] = _long("Why", 1000)

    def clean(self) -> dict[str, Any]:
        """Make the key, and check that options and conditions are whole."""
        cleaned = super().clean()
        key = _key_from(cleaned.get("key", ""), cleaned.get("name", ""))
        cleaned["key"] = key
        try:
            validate_slug(key)
        except forms.ValidationError:
            if "name" in cleaned:
                self.add_error("key", "Use letters, digits and _ only.")
        if cleaned.get("kind") in _WITH_OPTIONS:
            self._check_options(cleaned)
        return cleaned

    def _check_options(self, cleaned: dict[str, Any]) -> None:
        for row in range(MAX_OPTIONS):
            value, label, meaning = _row(cleaned, f"option_{row}")
            if (value or meaning) and not label:
                self.add_error(f"option_{row}_label", "Give this option a label.")

    def content(self) -> CriterionDraft:
        """What a valid form asks for."""
        given = self.cleaned_data
        is_likert = given["kind"] == "likert"
        is_score = given["kind"] == "score"
        low, high = given.get("minimum"), given.get("maximum")
        plain = (0, 100) if is_score else (1, 5)
        minimum = low if is_likert and low is not None else plain[0]
        maximum = high if is_likert and high is not None else plain[1]
        values = range(minimum, maximum + 1) if is_likert else range(0)
        condition = given["condition_key"]
        return CriterionDraft(
            key=given["key"],
            name=given["name"].strip(),
            question=given["question"].strip(),
            kind=given["kind"],
            scope=given["scope"],
            direction=given["direction"],
            low_label=given["low_label"].strip(),
            high_label=given["high_label"].strip(),
            anchors={
                str(value): text
                for value in values
                if (text := given.get(f"anchor_{value}", "").strip())
            },
            minimum=minimum,
            maximum=maximum,
            options=self._options() if given["kind"] in _WITH_OPTIONS else (),
            is_required=given["is_required"],
            guidance=given["guidance"].strip(),
            examples=self._examples(),
            condition_key=condition,
            condition_values=tuple(
                part.strip()
                for part in given["condition_values"].split(",")
                if condition and part.strip()
            ),
        )

    def _options(self) -> tuple[Choice, ...]:
        rows = [_row(self.cleaned_data, f"option_{n}") for n in range(MAX_OPTIONS)]
        return tuple(
            Choice(_key_from(value, label), label, meaning)
            for value, label, meaning in rows
            if label
        )

    def _examples(self) -> tuple[Example, ...]:
        given = self.cleaned_data
        rows = [
            tuple(given[f"example_{n}_{part}"].strip() for part in _EXAMPLE)
            for n in range(self.n_examples)
        ]
        return tuple(Example(*row) for row in rows if row[0])

    def refuse(self, error: DomainError) -> None:
        """Show what the service refused; of the options at the first of them."""
        fields = dict(error.fields)
        if text := fields.pop("options", ""):
            fields["option_0_label"] = text
        super().refuse(type(error)(error.message, fields=fields))

    def head_fields(self) -> list[forms.BoundField]:
        """What every criterion has, in order."""
        names = ("name", "question", "kind", "scope")
        return [self[name] for name in names]

    def scale_fields(self) -> list[forms.BoundField]:
        """What belongs to a scale."""
        return [self[n] for n in ("minimum", "maximum", "low_label", "high_label")]

    def anchor_fields(self) -> list[forms.BoundField]:
        """What each value of a scale means."""
        return [self[f"anchor_{value}"] for value in range(MAX_OPTIONS + 1)]

    def option_rows(self) -> list[list[forms.BoundField]]:
        """Value, label and meaning of each option."""
        return [
            [self[f"option_{row}_{part}"] for part in ("label", "value", "meaning")]
            for row in range(MAX_OPTIONS)
        ]

    def example_rows(self) -> list[list[forms.BoundField]]:
        """Text, right answer and reason of each example."""
        return [
            [self[f"example_{row}_{part}"] for part in _EXAMPLE]
            for row in range(self.n_examples)
        ]

    def tail_fields(self) -> list[forms.BoundField]:
        """The rest, in order."""
        names = (
            "direction",
            "is_required",
            "guidance",
            "condition_key",
            "condition_values",
            "key",
        )
        return [self[name] for name in names]


_EXAMPLE = ("text", "value", "why")


def _row(given: dict[str, Any], prefix: str) -> tuple[str, str, str]:
    value, label, meaning = (
        (given.get(f"{prefix}_{part}") or "").strip()
        for part in ("value", "label", "meaning")
    )
    return value, label, meaning


def _short(label: str, length: int) -> forms.CharField:
    return forms.CharField(label=label, max_length=length, required=False)


def _long(label: str, length: int) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 2, "dir": "auto"})
    return forms.CharField(label=label, max_length=length, required=False, widget=area)


def _initial(content: CriterionDraft) -> dict[str, Any]:
    fields = content.as_fields()
    initial = {**fields, "condition_values": ", ".join(content.condition_values)}
    if content.kind != "likert":
        initial |= {"minimum": 1, "maximum": 5}
    for value, text in content.anchors.items():
        initial[f"anchor_{value}"] = text
    for row, option in enumerate(content.options):
        for part in ("value", "label", "meaning"):
            initial[f"option_{row}_{part}"] = getattr(option, part)
    for row, example in enumerate(content.examples):
        for part in _EXAMPLE:
            initial[f"example_{row}_{part}"] = getattr(example, part)
    return initial


class LabelForm(PlainForm):
    """A label for marks."""

    name = forms.CharField(
        label="Name", max_length=80, error_messages={"required": "Give it a name."}
    )
    meaning = forms.CharField(
        label="Meaning",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    kind = forms.ChoiceField(
        label="Marked", choices=SpanLabel.Kind.choices, widget=forms.RadioSelect
    )
    key = forms.CharField(
        label="Key", max_length=40, required=False, help_text=_KEY_HELP
    )

    def clean(self) -> dict[str, Any]:
        """Make the key."""
        cleaned = super().clean()
        cleaned["key"] = _key_from(cleaned.get("key", ""), cleaned.get("name", ""))
        try:
            validate_slug(cleaned["key"])
        except forms.ValidationError:
            if "name" in cleaned:
                self.add_error("key", "Use letters, digits and _ only.")
        return cleaned

    def content(self) -> SpanLabelDraft:
        """What a valid form asks for."""
        given = self.cleaned_data
        return SpanLabelDraft(
            key=given["key"],
            name=given["name"].strip(),
            meaning=given["meaning"].strip(),
            kind=given["kind"],
        )


class TasksForm(PlainForm):
    """Which kinds of task there are, and what each asks."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401
        content: tuple[FormDraft, ...],
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **kwargs)
        now = {one.kind: one for one in content}
        for kind in Task.Kind:
            form = now.get(kind.value)
            self.fields[f"{kind}_on"] = forms.BooleanField(
                label=kind.label, required=False, initial=form is not None
            )
            self.fields[f"{kind}_parts"] = _several(
                "Asks", TaskForm.Part.choices, form.parts if form else ()
            )
            self.fields[f"{kind}_extras"] = _several(
                "Marks may carry",
                TaskForm.Extra.choices,
                form.mark_extras if form else (),
            )

    def content(self) -> list[FormDraft]:
        """What a valid form asks for."""
        given = self.cleaned_data
        return [
            FormDraft(
                kind.value,
                tuple(given[f"{kind}_parts"]),
                tuple(given[f"{kind}_extras"]),
            )
            for kind in Task.Kind
            if given[f"{kind}_on"]
        ]

    def kinds(self) -> list[dict[str, forms.BoundField]]:
        """The fields of each kind of task."""
        return [
            {part: self[f"{kind}_{part}"] for part in ("on", "parts", "extras")}
            for kind in Task.Kind
        ]


def _several(
    label: str, choices: list[tuple[str, str]], initial: tuple[str, ...]
) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=False,
        initial=list(initial),
        widget=forms.CheckboxSelectMultiple,
    )
