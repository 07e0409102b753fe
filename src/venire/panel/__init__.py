"""Teachers' votes combined: Beta posteriors, weighted pools, stacking on gold."""

from venire.data.votes.gold import Gold
from venire.panel._agreement import Agreement, agreement
from venire.panel._beta_prior import fit_beta_prior
from venire.panel._consensus import consensus
from venire.panel._gold import GoldReport
from venire.panel._gold_design import GoldDesign, design_gold
from venire.panel._methods import METHODS
from venire.panel._needs import Needs, needs_votes
from venire.panel._notices import Notice
from venire.panel._posterior import BetaPosterior
from venire.panel._result import Consensus
from venire.panel._side import Side, which_side
from venire.panel._stack import Stack, stack
from venire.panel._teachers import TeacherCalibration, calibrate_teachers
from venire.panel._weighing import Weighing

__all__ = [
    "METHODS",
    "Agreement",
    "BetaPosterior",
    "Consensus",
    "Gold",
    "GoldDesign",
    "GoldReport",
    "Needs",
    "Notice",
    "Side",
    "Stack",
    "TeacherCalibration",
    "Weighing",
    "agreement",
    "calibrate_teachers",
    "consensus",
    "design_gold",
    "fit_beta_prior",
    "needs_votes",
    "stack",
    "which_side",
]
