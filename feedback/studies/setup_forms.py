"""Forms that make a study, set it up, clone it and change its state."""

from typing import Any

from django import forms

from feedback.studies.lifecycle import MAX_REASON
from feedback.studies.models import Study
from feedback.studies.plain_forms import PlainForm
from feedback.studies.selectors import latest_guideline, questionnaire_of
from feedback.studies.study_settings import is_seed_fixed
from feedback.studies.templates import TEMPLATES

_MINUTE = 60
_MAX_MINUTES = 7 * 24 * 60
_NUMBERS = {"likert", "yes_no", "score", "nominal"}


def _name() -> forms.CharField:
    return forms.CharField(
        label="Name",
        max_length=200,
        error_messages={"required": "Give the study a name."},
    )


def _percent(label: str, text: str, *, most: int) -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=text, min_value=0, max_value=most)


class NewStudyForm(PlainForm):
    """A template, a name, and how many raters."""

    template = forms.ChoiceField(
        label="What is asked",
        choices=[(key, one.name) for key, one in TEMPLATES.items()],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a template; you can change all of it."},
    )
    name = _name()
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For those who take part; they read it when they are invited.",
    )
    overlap = forms.IntegerField(
        label="Raters for each task",
        min_value=1,
        max_value=50,
        initial=3,
        help_text="Different people. Agreement needs at least two.",
    )


class CloneForm(PlainForm):
    """A name for the copy, and what goes along."""

    name = _name()
    is_published = forms.BooleanField(
        label="Publish the guideline as version 1 at once",
        required=False,
        initial=True,
        help_text="Else it waits as a draft for you to change.",
    )
    with_sources = forms.BooleanField(
        label="Ask about the same prompts",
        required=False,
        help_text="The texts are shared, not copied; tasks are made anew.",
    )


class StateForm(PlainForm):
    """Why a study is paused, opened or closed; to close it, its name."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the record of the study.",
    )
    typed_name = forms.CharField(
        label="The study's name",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Type it to close the study.",
    )


class SettingsForm(PlainForm):
    """Every setting of a study, in the units people think in."""

    name = _name()
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    overlap = forms.IntegerField(
        label="Raters for each task",
        min_value=1,
        max_value=50,
        help_text="If you lower it, open places beyond the new number are closed. "
        "Places that raters hold are kept, and their answers count.",
    )
    policy = forms.ChoiceField(
        label="When a task has been rated enough",
        choices=Study.Policy.choices,
        widget=forms.RadioSelect,
    )
    cap = forms.IntegerField(
        label="The most raters one task gets",
        min_value=2,
        max_value=50,
        help_text="Counts where raters are asked one by one.",
    )
    decides_on = forms.ChoiceField(
        label="What decides",
        required=False,
        help_text="The answers by which raters agree or not.",
    )
    audit_percent = _percent(
        "Audit, in percent",
        "Of the tasks that seem certain, so many go to a specialist all the same.",
        most=100,
    )
    gold_percent = _percent(
        "Known answers, in percent",
        "Of a rater's tasks, so many have an answer that is known. Usual: 5. Once a "
        "rater has met 100 tasks, 2 at most.",
        most=50,
    )
    retest_percent = _percent(
        "Repeats, in percent",
        "Of a rater's tasks, so many silently repeat one of their own. Usual: 5.",
        most=50,
    )
    needs_qualification = forms.BooleanField(
        label="New raters train and qualify first",
        required=False,
        help_text="On known answers, until a sequential test decides. "
        "Those who rate already go on.",
    )
    practice = forms.ChoiceField(
        label="Whose cases",
        choices=Study.Practice.choices,
        widget=forms.RadioSelect,
        help_text="A case whose prompt names no specialty is for everybody.",
    )
    specialties = forms.CharField(
        label="Only raters of these specialties",
        required=False,
        max_length=1000,
        help_text="Divided by commas; empty for all.",
    )
    lease_minutes = forms.IntegerField(
        label="Time for one task, in minutes",
        min_value=1,
        max_value=_MAX_MINUTES,
        help_text="Then it may go to somebody else; nothing typed is lost.",
    )
    undo_minutes = forms.IntegerField(
        label="Time to change an answer, in minutes",
        min_value=0,
        max_value=_MAX_MINUTES,
    )
    reveal_percent = _percent(
        "Reveal, in percent",
        "So many assignments show others' answers once the rater's own is stored; "
        "the blind answer is the one exported.",
        most=100,
    )
    leak_policy = forms.ChoiceField(
        label="A text that names its maker",
        choices=Study.LeakPolicy.choices,
        widget=forms.RadioSelect,
    )
    seed = forms.IntegerField(
        label="Seed",
        min_value=-(2**63),
        max_value=2**63 - 1,
        help_text="Decides the order of tasks and which side stands left. Fixed once "
        "there are tasks.",
    )

    GROUPS = (
        ("The study", ("name", "description")),
        (
            "How many raters",
            ("overlap", "policy", "cap", "decides_on", "audit_percent"),
        ),
        (
            "Checking raters",
            ("gold_percent", "retest_percent", "needs_qualification", "reveal_percent"),
        ),
        ("Who is asked", ("practice", "specialties")),
        ("Time", ("lease_minutes", "undo_minutes")),
        ("Blinding and chance", ("leak_policy", "seed")),
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:  # noqa: ANN401
        initial = {name: getattr(study, name, None) for name in self.base_fields}
        initial["specialties"] = ", ".join(study.specialties)
        initial["lease_minutes"] = -(-study.lease_seconds // _MINUTE)
        initial["undo_minutes"] = -(-study.undo_seconds // _MINUTE)
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        self.study = study
        field = self.fields["decides_on"]
        field.choices = _deciding(study)  # type: ignore[attr-defined]
        if is_seed_fixed(study):
            self.fields["seed"].disabled = True

    def values(self) -> dict[str, Any]:
        """The settings of a valid form, by the names of the model's fields."""
        given = dict(self.cleaned_data)
        words = (word.strip() for word in given["specialties"].split(","))
        given["specialties"] = list(dict.fromkeys(word for word in words if word))
        for name in ("lease", "undo"):
            minutes = given.pop(f"{name}_minutes")
            # A time that is no whole minute stays as it is, unless it is changed.
            if f"{name}_minutes" in self.changed_data:
                given[f"{name}_seconds"] = minutes * _MINUTE
        return given

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(title, [self[name] for name in names]) for title, names in self.GROUPS]


def _deciding(study: Study) -> list[tuple[str, str]]:
    """What a policy can count: a criterion by its key, or what it takes by itself."""
    latest = latest_guideline(study)
    criteria = questionnaire_of(latest).criteria if latest else ()
    choices = [
        (one.key, one.name)
        for one in criteria
        if one.kind in _NUMBERS and one.scope == "completion"
    ]
    if study.decides_on and study.decides_on not in dict(choices):
        choices.append((study.decides_on, f"{study.decides_on} (no longer asked)"))
    return [("", "The preference, or the first criterion"), *choices]
