"""Ready studies: what to ask, how, and where the questions come from.

Plain data, one module for each template; docs/reference/templates.md lists them.
"""

from feedback.studies.criteria import StudyTemplate
from feedback.studies.templates.chatbot import CHATBOT
from feedback.studies.templates.claims import CLAIMS
from feedback.studies.templates.combined import COMBINED
from feedback.studies.templates.conversation import CONVERSATION
from feedback.studies.templates.harm import HARM, harm_if
from feedback.studies.templates.helpsteer import HELPSTEER
from feedback.studies.templates.med_palm import MED_PALM
from feedback.studies.templates.pdqi9 import PDQI9
from feedback.studies.templates.ranking import RANKING
from feedback.studies.templates.red_team import RED_TEAM
from feedback.studies.templates.rubric import RUBRIC

__all__ = ["HARM", "TEMPLATES", "harm_if"]

# In the order in which a study lead is offered them.
TEMPLATES: dict[str, StudyTemplate] = {
    template.key: template
    for template in (
        CHATBOT,
        COMBINED,
        RANKING,
        CONVERSATION,
        RUBRIC,
        CLAIMS,
        PDQI9,
        RED_TEAM,
        MED_PALM,
        HELPSTEER,
    )
}
