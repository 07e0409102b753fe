"""Teachers' votes combined: weighted pools, stacking on gold, and what is to be known of both."""

from venire._consensus._consensus import consensus
from venire._consensus._gold import GoldReport
from venire._consensus._notices import Notice
from venire._consensus._result import Consensus
from venire._consensus._stack import Stack, stack

__all__ = ["Consensus", "GoldReport", "Notice", "Stack", "consensus", "stack"]
