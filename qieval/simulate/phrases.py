"""Words for synthetic interviews: a codebook and template sentences that nobody ever said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code of the demonstration's codebook.

    Attributes
    ----------
    code, parent, name, definition : str
        Id, id of the theme it stands under (empty for a theme), name and meaning.
    templates : tuple of str
        Sentences that carry the code; ``{group}``, ``{time}``, ``{thing}`` are filled in; a theme has none.
    """

    code: str
    parent: str
    name: str
    definition: str
    templates: tuple[str, ...] = ()


CODES = (
    Code(
        code="learning",
        parent="",
        name="Learning from each other",
        definition="How sites find out what works elsewhere and make it theirs.",
    ),
    Code(
        code="learning.examples",
        parent="learning",
        name="Examples from other sites",
        definition="A site that does well is looked at, visited or asked.",
        templates=(
            "{time} we looked closely at a site that was ahead of us, and {group} brought two ideas home.",
            "Hearing how another clinic ran {thing} made it feel possible here.",
            "We rang the site with the best figures, and they told us plainly what they do.",
            "What helped {group} most was seeing {thing} at work somewhere else.",
        ),
    ),
    Code(
        code="learning.tools",
        parent="learning",
        name="Shared tools",
        definition="Checklists, templates and letters pass from site to site.",
        templates=(
            "We borrowed {thing} from the shared folder instead of writing our own.",
            "{time} {group} passed our version of {thing} on to two other sites.",
            "The template was there already, so {group} could start within a week.",
        ),
    ),
    Code(
        code="learning.adapting",
        parent="learning",
        name="Fitting to our place",
        definition="An idea is changed so that it suits the site.",
        templates=(
            "{thing} did not fit our week as it came, so {group} cut it in half.",
            "{time} we changed the wording, because our patients read it differently.",
            "We kept the idea and dropped the order of the steps, which suited {group} better.",
        ),
    ),
    Code(
        code="coordination",
        parent="",
        name="Working together",
        definition="How the work of improving is shared out and kept going.",
    ),
    Code(
        code="coordination.roles",
        parent="coordination",
        name="Clear roles",
        definition="Who does what is agreed, or is not.",
        templates=(
            "{time} we settled who looks after {thing}, and it has held.",
            "For a while nobody was sure whether {group} or somebody else should follow up.",
            "We wrote the names beside the tasks, and {group} stopped doing things twice.",
        ),
    ),
    Code(
        code="coordination.meetings",
        parent="coordination",
        name="Meetings and coaching",
        definition="Regular meetings and the coach keep the work moving.",
        templates=(
            "The coach asked one good question about {thing}, and that carried us for weeks.",
            "{time} the meetings became shorter, and {group} came more often.",
            "Without the date in the diary {group} would have let it slide.",
        ),
    ),
    Code(
        code="coordination.workload",
        parent="coordination",
        name="Workload",
        definition="The work comes on top of other work.",
        templates=(
            "On a full clinic day {thing} is the first to be left out.",
            "{time} two colleagues were away, and {group} could only keep the basics going.",
            "It is another task on top of the others, and {group} said so aloud.",
        ),
    ),
    Code(
        code="measurement",
        parent="",
        name="Measuring",
        definition="How figures are made, believed and used.",
    ),
    Code(
        code="measurement.trust",
        parent="measurement",
        name="Trust in the figures",
        definition="Whether people believe what the data say.",
        templates=(
            "{group} did not believe the first figures, because half of the entries were missing.",
            "Since we check {thing} by hand each month, nobody argues with the chart.",
            "{time} we found that the numbers had counted some people twice.",
        ),
    ),
    Code(
        code="measurement.feedback",
        parent="measurement",
        name="Using feedback",
        definition="Figures come back to the team and are acted on.",
        templates=(
            "When the chart came back, {group} asked at once what the best site does.",
            "{time} we put our own line beside the others, and that started a real talk.",
            "The feedback on {thing} told us where to begin.",
        ),
    ),
    Code(
        code="measurement.burden",
        parent="measurement",
        name="Burden of data",
        definition="Collecting data takes time and effort.",
        templates=(
            "Typing {thing} a second time takes {group} an afternoon a week.",
            "Half of the questions are asked already at the front desk, and again by us.",
            "{time} we stopped collecting what nobody had looked at.",
        ),
    ),
    Code(
        code="motivation",
        parent="",
        name="What moves people",
        definition="Why people take part and keep going.",
    ),
    Code(
        code="motivation.patients",
        parent="motivation",
        name="Patients' voice",
        definition="What patients say sets the direction.",
        templates=(
            "A patient said that tiredness was the thing we never asked about, and {group} went quiet.",
            "{time} two patient representatives read {thing} and crossed out half of it.",
            "It changed the talk when a patient sat at the table.",
        ),
    ),
    Code(
        code="motivation.recognition",
        parent="motivation",
        name="Recognition",
        definition="Effort is seen and thanked.",
        templates=(
            "Hearing {group} named at the session mattered more than money.",
            "{time} somebody thanked us in the corridor for {thing}.",
            "People keep going because the work is seen.",
        ),
    ),
    Code(
        code="motivation.equity",
        parent="motivation",
        name="Reaching everybody",
        definition="Concern for those whom care does not reach.",
        templates=(
            "We saw that {thing} did not reach people who speak another language at home.",
            "{time} we stopped to ask who was missing from the list.",
            "{group} began to ring those who never answer letters.",
        ),
    ),
    Code(
        code="leadership",
        parent="",
        name="Leading",
        definition="What those in charge, and those who take charge, make possible.",
    ),
    Code(
        code="leadership.support",
        parent="leadership",
        name="Support from above",
        definition="Managers back the work, or do not.",
        templates=(
            "The director asked about {thing} in front of everyone, and doors opened.",
            "{time} we were told that the work may wait, so {group} waited.",
            "When the budget came, {group} had a say in it for once.",
        ),
    ),
    Code(
        code="leadership.champions",
        parent="leadership",
        name="People who carry it",
        definition="One or two people keep the work alive.",
        templates=(
            "One colleague carries {thing}, and everybody knows it.",
            "{time} the person who drove it moved on, and {group} had to learn it anew.",
            "It takes somebody who reminds {group} kindly, week after week.",
        ),
    ),
    Code(
        code="leadership.time",
        parent="leadership",
        name="Protected time",
        definition="Hours are set aside for improvement.",
        templates=(
            "Two hours a month are ours, and nobody books over them.",
            "{time} the protected hour went to the clinic again.",
            "Give {group} a quiet morning and {thing} gets done.",
        ),
    ),
)

FILLERS = (
    "I have worked here for some years, mostly in the same rooms.",
    "Let me think about that for a moment.",
    "It depends a little on the day and on who is in.",
    "We are a middling site, neither large nor small.",
    "That was before the building work began.",
    "I would have to look that up to be sure.",
    "Perhaps others would tell you something else.",
    "We see people from the whole area, as you know.",
    "There is a second room now, which is used for calls.",
    "I came to this later than the others did.",
    "To be fair, the winter is always like that.",
    "Could you say the question again, please.",
    "We did not write that down at the time.",
    "Yes, I was there for most of it.",
    "It is hard to say how it would have gone otherwise.",
    "The forms are kept in the blue folder.",
)

GROUPS = (
    "the nurses",
    "the front desk",
    "our small team",
    "the doctors",
    "the pharmacist",
    "everyone on the ward",
)
TIMES = (
    "Last month",
    "In the autumn",
    "After the second session",
    "At the start",
    "This spring",
    "Some weeks ago",
)
THINGS = (
    "the reminder list",
    "the fatigue questionnaire",
    "the monthly chart",
    "the call-back sheet",
    "the screening form",
    "the morning huddle",
)
