"""Who is in the demonstration, and how its simulated raters judge.

Nobody here exists. The numbers are the whole of a simulated rater: with the content
they decide each answer, so that two machines load the same history.
"""

from dataclasses import dataclass

from feedback.accounts.permissions import Role


@dataclass(frozen=True, slots=True)
class Skill:
    """How a simulated rater departs from the author's own judgment.

    Attributes:
        seed: of the generator that draws the departures.
        noise: standard deviation of one criterion's departure, in scale points.
        leniency: added to each criterion, in scale points; negative is strict.
        thoroughness: probability of writing a correction where one is due.
        n_answers: how many tasks the history holds.
    """

    seed: int
    noise: float
    leniency: float
    thoroughness: float
    n_answers: int


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demonstration."""

    key: str
    name: str
    role: Role
    profession: str = ""
    specialty: str = ""
    skill: Skill | None = None
    is_guest_seat: bool = True

    @property
    def email(self) -> str:
        """An address below a domain that is reserved for examples."""
        return f"{self.key}@demo.example"

    @property
    def pseudonym(self) -> str:
        """What exports may know of a rater."""
        return f"demo-{self.key}"


# The eight whose sign-in links `make demo` prints.
_GUESTS = (
    DemoPerson(
        "clinician1",
        "Dr. Amara Okonjo-Vale",
        Role.RATER,
        "physician",
        "internal medicine",
        Skill(seed=11, noise=0.45, leniency=0.0, thoroughness=0.8, n_answers=14),
    ),
    DemoPerson(
        "clinician2",
        "Dr. Tomas Lindqvarn",
        Role.RATER,
        "physician",
        "pediatrics",
        Skill(seed=12, noise=0.6, leniency=-0.3, thoroughness=0.6, n_answers=11),
    ),
    DemoPerson(
        "clinician3",
        "Nurse Practitioner Ines Marbell",
        Role.RATER,
        "nurse practitioner",
        "primary care",
        Skill(seed=13, noise=0.7, leniency=0.2, thoroughness=0.5, n_answers=8),
    ),
    DemoPerson("safety", "Dr. Priya Halloran", Role.SAFETY_REVIEWER),
    DemoPerson("adjudicator", "Prof. Leonie Farrow-Kim", Role.ADJUDICATOR),
    DemoPerson("lead", "Dr. Henrik Solberg-Ash", Role.LEAD),
    DemoPerson("ml", "Noa Brightwater", Role.ML_ENGINEER),
    DemoPerson("admin", "Robin Castellane", Role.ADMIN),
)

# Programs that fill the history; nobody signs in as them.
_SIMULATED = (
    DemoPerson(
        "sim-careful",
        "Simulated rater (careful)",
        Role.RATER,
        "simulation",
        "",
        Skill(seed=101, noise=0.35, leniency=0.0, thoroughness=0.9, n_answers=165),
        is_guest_seat=False,
    ),
    DemoPerson(
        "sim-lenient",
        "Simulated rater (lenient)",
        Role.RATER,
        "simulation",
        "",
        Skill(seed=102, noise=0.6, leniency=0.4, thoroughness=0.4, n_answers=150),
        is_guest_seat=False,
    ),
    DemoPerson(
        "sim-hasty",
        "Simulated rater (hasty)",
        Role.RATER,
        "simulation",
        "",
        Skill(seed=103, noise=1.0, leniency=-0.1, thoroughness=0.1, n_answers=135),
        is_guest_seat=False,
    ),
)

PEOPLE = _GUESTS + _SIMULATED
