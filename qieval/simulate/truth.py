"""What is true in a simulated study: the effects, spreads and sizes that its data are drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from qieval.errors import check_choice

DEMO_SEED = 20260101
OutcomeName = Literal["fatigue", "relapse", "visits"]
CONTROL = "usual care"
COACHED = "coached"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeTruth:
    """How one outcome is made; every part adds on the scale on which the outcome is analysed.

    Attributes
    ----------
    base : float
        Mean under usual care at wave 0, in the outcome's unit (a probability; a rate per person-year).
    effects : tuple of float, one a wave
        Coached minus usual care, in the outcome's unit: the truth that analyses are held to. It is the same
        at every site, so the cluster-average and the participant-average effect are equal.
    trend : tuple of float, one a wave
        What time alone adds in both arms.
    regions : tuple of float, one a region
        What a region adds; they sum to zero.
    site_sd : float
        Standard deviation of sites around their region, in the outcome's unit.
    missing : float
        Share of participants without a value, the same in both arms.
    """

    base: float
    effects: tuple[float, ...]
    trend: tuple[float, ...]
    regions: tuple[float, ...]
    site_sd: float
    missing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityTruth:
    """How teams answer a capability instrument of 24 items scored 1 to 7.

    Attributes
    ----------
    base : float
        Mean answer at wave 0, in item points.
    coached, control : tuple of float, one a wave
        Growth since wave 0 in item points, before answers are rounded and held to 1 to 7 (which takes
        some hundredths of a point off the growth).
    team_sd, person_sd, occasion_sd : float
        Spread of teams, of people within a team and of one person over waves, in item points.
    item_sd, noise_sd : float
        Spread of item difficulties and of single answers, in item points.
    missing : float
        Share of answers left blank.
    """

    base: float = 3.6
    coached: tuple[float, ...] = (0.0, 0.5, 0.9)
    control: tuple[float, ...] = (0.0, 0.1, 0.1)
    team_sd: float = 0.35
    person_sd: float = 0.50
    occasion_sd: float = 0.20
    item_sd: float = 0.40
    noise_sd: float = 1.15
    missing: float = 0.02

    def growth(self, arm: str) -> tuple[float, ...]:
        """Growth since wave 0 by wave, for the arm's label."""
        return self.coached if arm == COACHED else self.control


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolTruth:
    """What people answer about their skill, and how they found the work, on scales from 1 to 5.

    Attributes
    ----------
    skill, importance : float
        Mean answer at the first wave, before answers are rounded and held to the scale.
    coached, control : float
        Growth of skill to the last wave.
    looking_back : float
        What the look back at the first wave lies above what was said then.
    received : mapping of str to float
        Mean answer on acceptability, appropriateness, feasibility and use at coached sites.
    """

    skill: float = 2.8
    importance: float = 4.1
    coached: float = 0.7
    control: float = 0.1
    looking_back: float = -0.4
    received: Mapping[str, float] = field(
        default_factory=lambda: {"aim": 4.0, "iam": 3.8, "fim": 3.0, "use": 3.9}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureTruth:
    """How one measure of care is made, and what is planted in it for reports to find.

    Attributes
    ----------
    base : float
        Proportion met in the largest group.
    site_sd : float
        Standard deviation of sites, as a proportion.
    gaps : tuple of tuple of float, one a wave
        What each of `participants.GROUPS` lies above (or below) the base.
    shift : float
        What is added at a coached site from the month in which its teams start the change.
    gradient : float, optional
        What each fifth of deprivation (1 the most deprived) adds, about the third; None where the measure
        is not told by deprivation.
    outlying : str
        The site that lies apart (empty for none).
    outlying_by : float
        By how much.
    """

    base: float
    site_sd: float
    gaps: tuple[tuple[float, ...], ...]
    shift: float = 0.0
    gradient: float | None = None
    outlying: str = ""
    outlying_by: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTruth:
    """The day on which arms were made known, and the share who entered care then or later, one a wave."""

    allocated: str = "2024-06-24"
    coached: tuple[float, ...] = (0.0, 0.35, 0.60)
    control: tuple[float, ...] = (0.0, 0.20, 0.40)


STEADY = ((0.0, -0.04, -0.05, 0.0),) * 3
NARROWING = ((0.0, -0.12, -0.24, -0.02), (0.0, -0.08, -0.14, -0.02), (0.0, -0.04, -0.04, -0.02))
MEASURES = {
    "screening": MeasureTruth(base=0.62, site_sd=0.05, gaps=((0.0, -0.08, -0.10, -0.03),) * 3, shift=0.18),
    "follow_up": MeasureTruth(base=0.60, site_sd=0.05, gaps=STEADY, gradient=0.0),
    "care_plan": MeasureTruth(
        base=0.70, site_sd=0.03, gaps=NARROWING, gradient=0.04, outlying="S03", outlying_by=-0.30
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FidelityTruth:
    """What is planted in the delivery of the programme; sites and months are counted from 0.

    Attributes
    ----------
    held : float
        Share of planned contacts that take place. Nobody but the site below misses a whole month.
    missed : tuple of (int, int)
        The coached site, and the month of its coaching, in which no contact takes place.
    swapped : tuple of (int, int)
        The coached site, and the step that it reaches after the next one.
    attended : float
        Probability that somebody invited comes.
    same_rating : float
        Probability that two observers of one session give the same rating; else they differ by one.
    """

    held: float = 0.90
    missed: tuple[int, int] = (2, 4)
    swapped: tuple[int, int] = (1, 5)
    attended: float = 0.75
    same_rating: float = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth of a whole study; the demonstration's is `DEMO`.

    Attributes
    ----------
    regions : tuple of str
        Randomisation strata; half of the sites of each are coached.
    sites_per_region : int
        Even number of sites a region.
    cuts : tuple of (str, str), one a wave
        First and last day of each wave's window, as ISO dates.
    smallest, largest, mean_size : int
        Participants a site and wave.
    closed_site, closed_on : str
        The site that stops recruiting (empty for none), and when; it stays in the roster.
    autocorrelation : float
        Correlation of a site's own deviation between two waves.
    within_sd : float
        Standard deviation of fatigue within a site, in points.
    baseline_correlation : float
        Correlation of a participant's fatigue at enrolment and now, within a site.
    age_slope, sex_gap : float
        Points of fatigue a year of age, and women minus men; both are part of `within_sd`.
    fatigue, relapse, visits : OutcomeTruth
        Points on 0 to 63; probability; events per person-year.
    capability : CapabilityTruth
        The teams' answers.
    tools : ToolTruth
        Their answers on skill, and on the work and its tools.
    measures : mapping of str to MeasureTruth
        The measures of care.
    fidelity : FidelityTruth
        The delivery of coaching and toolkit.
    entry : EntryTruth
        When participants entered care.
    """

    regions: tuple[str, ...] = ("North", "East", "South", "West")
    sites_per_region: int = 6
    cuts: tuple[tuple[str, str], ...] = (
        ("2024-01-01", "2024-06-30"),
        ("2024-07-01", "2024-12-31"),
        ("2025-01-01", "2025-06-30"),
    )
    smallest: int = 20
    largest: int = 400
    mean_size: int = 108
    closed_site: str = "S17"
    closed_on: str = "2025-03-31"
    autocorrelation: float = 0.8
    within_sd: float = 8.0
    baseline_correlation: float = 0.5
    age_slope: float = 0.06
    sex_gap: float = 1.0
    fatigue: OutcomeTruth = OutcomeTruth(
        base=33.0,
        effects=(0.0, -1.5, -3.0),
        trend=(0.0, -0.2, -0.4),
        regions=(1.2, -0.6, 0.4, -1.0),
        site_sd=8.0 * math.sqrt(0.05 / 0.95),
        missing=0.05,
    )
    relapse: OutcomeTruth = OutcomeTruth(
        base=0.24,
        effects=(0.0, -0.02, -0.05),
        trend=(0.0, -0.005, -0.01),
        regions=(0.02, 0.0, -0.02, 0.0),
        site_sd=0.04,
        missing=0.04,
    )
    visits: OutcomeTruth = OutcomeTruth(
        base=1.2,
        effects=(0.0, -0.1, -0.2),
        trend=(0.0, 0.0, 0.0),
        regions=(-0.05, 0.10, -0.05, 0.0),
        site_sd=0.15,
        missing=0.06,
    )
    capability: CapabilityTruth = field(default_factory=CapabilityTruth)
    tools: ToolTruth = field(default_factory=ToolTruth)
    measures: Mapping[str, MeasureTruth] = field(default_factory=lambda: MEASURES)
    fidelity: FidelityTruth = FidelityTruth()
    entry: EntryTruth = EntryTruth()

    def outcome(self, name: str) -> OutcomeTruth:
        """The truth of one outcome by its name."""
        check_choice(name, OutcomeName, name="name", owner="Truth.outcome")
        truth: OutcomeTruth = getattr(self, name)
        return truth

    def effect(self, name: str, wave: int) -> float:
        """Coached minus usual care at a wave, in the outcome's unit."""
        return self.outcome(name).effects[wave]

    def icc(self, name: str) -> float:
        """Share of an outcome's variance that lies between the sites of a region, usual care at wave 0.

        Variance within: of fatigue as declared; of relapse p(1 − p), with the sites' variance in it;
        of visits the Poisson variance of a year's count beside that of the rates.
        """
        truth = self.outcome(name)
        between = truth.site_sd**2
        total = {
            "fatigue": between + self.within_sd**2,
            "relapse": truth.base * (1 - truth.base),
            "visits": between + truth.base,
        }[name]
        return between / total


OUTCOMES: tuple[str, ...] = get_args(OutcomeName)
DEMO = Truth()
