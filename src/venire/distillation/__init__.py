"""The round loop: ask teachers about pairs, fit targets, train a student, choose the next pairs."""

from venire.distillation._loop import Distillation
from venire.distillation._report import Report
from venire.distillation._requests import Requests, Told
from venire.distillation._settings import Settings
from venire.distillation.measures import kendall_tau, ndcg

__all__ = ["Distillation", "Report", "Requests", "Settings", "Told", "kendall_tau", "ndcg"]
