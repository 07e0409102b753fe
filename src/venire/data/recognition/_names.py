"""What people call the columns of tables of comparisons and of votes.

Names are compared by `venire.data.naming.key`: ``HomeTeam``, ``home_team`` and ``home team`` are
one. Two columns are the two sides of one thing where they differ in a pair of `SIDES` alone.
"""

from __future__ import annotations

import re
from functools import cached_property

__all__ = ["Names"]

_LONGEST = 80  # what is longer is no name that people give


class Names:
    """Names of columns, as a pattern, which is compiled when it is first asked for."""

    def __init__(self, *patterns: str) -> None:
        self._patterns = patterns

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile("|".join(self._patterns))

    def has(self, name: str) -> bool:
        """Whether a name without case and signs is one of these."""
        return len(name) <= _LONGEST and self._compiled.fullmatch(name) is not None


def _made(before: str, words: str, after: str = "") -> str:
    """Names that are made of these words: any of some, one of the others, any of the last."""

    def either(text: str) -> str:
        return "|".join(sorted(text.split(), key=len, reverse=True))

    return f"(?:{either(before)})*(?:{either(words)})(?:{either(after)})*"


def _words(before: str, words: str, after: str = "") -> Names:
    return Names(_made(before, words, after))


# ---- two sides ----------------------------------------------------------------------------------

# The side that won, the side that lost: such columns say who won by themselves.
WON = (
    ("winner", "loser"), ("winners", "losers"), ("winning", "losing"), ("won", "lost"),
    ("w", "l"), ("chosen", "rejected"), ("preferred", "rejected"), ("preferred", "dispreferred"),
    ("preferred", "other"), ("better", "worse"), ("victor", "loser"), ("best", "worst"),
)  # fmt: skip
COMMON = 6  # of SIDES
SIDES = (
    ("first", "second"), ("a", "b"), ("1", "2"), ("one", "two"), ("home", "away"),
    ("left", "right"), ("0", "1"), ("i", "j"), ("x", "y"),
    ("home", "visitor"), ("home", "visiting"), ("home", "visitors"),
    ("home", "road"), ("home", "guest"), ("home", "opponent"), ("h", "a"), ("h", "v"),
    ("host", "guest"), ("white", "black"), ("red", "blue"), ("blue", "red"),
    ("r", "b"), ("player", "opponent"), ("team", "opponent"), ("model", "opponent"),
    ("", "opponent"),
    ("model", "baseline"), ("candidate", "baseline"), ("candidate", "reference"),
    ("test", "control"), ("treatment", "control"), ("challenger", "champion"),
    ("challenger", "defender"),
    ("favorite", "underdog"), ("favourite", "underdog"), ("top", "bottom"), ("lhs", "rhs"),
    ("heim", "gast"), ("local", "visitante"),
    ("mandante", "visitante"), ("casa", "trasferta"), ("domicile", "exterieur"), ("thuis", "uit"),
    ("win", "loss"), ("wins", "losses"), ("wins", "defeats"), ("victories", "defeats"),
    ("win", "lose"), *WON,
)  # fmt: skip
COUNTED = (
    ("win", "loss"), ("wins", "losses"), ("wins", "defeats"), ("victories", "defeats"),
    ("win", "lose"), ("won", "lost"), ("w", "l"),
)  # fmt: skip

THIRD = {"b": "c", "2": "3", "two": "three", "second": "third", "y": "z"}

# What the two sides are, when the word for the side is taken away: things that are compared, what
# identifies them, where they come from.
_THING = (
    "model models player players team teams name names system systems sys item items option "
    "candidate competitor contestant generator method agent bot llm lm engine program fighter club "
    "squad side entity athlete brand product algorithm algo policy variant arm assistant "
    "participant entry object image img photo picture stimulus stim document doc user username "
    "opponent character card deck song movie paper essay place restaurant mannschaft equipo equipe "
    "squadra p t m neutral full long "
    "short display label the of from driver rider wrestler boxer api"
)
_ID = "id ids key code number no abbr abbreviation slug uuid uid index idx hash tricode"
_ORIGIN = "country nation school university franchise mascot city state region conference ioc flag"
NOTHING, ANY = Names(""), Names(".*")
THINGS = _words(f"{_THING} response answer output completion input", _THING)
IDENTIFIERS = _words(_THING, _ID, f"{_THING} {_ID}")
ORIGINS = _words(_THING, _ORIGIN, f"{_THING} {_ID} {_ORIGIN}")
# Of items, too, but they name none.
TRAITS = Names(
    ".*(?:hand|seed|stance|formation|manager|coach|captain|division|color|colour|opening|lang|categor|"
    "type|reason|status|outcome|result|verdict|comment|note|order|position|style|class|title|judge|winner|loser).*"
)
TEXTS = _words(
    _THING,
    "response responses answer answers output outputs completion completions text texts summary "
    "summaries translation translations reply conversation conversations content generation "
    "message messages story caption title hypothesis hyp mt",
    f"{_ID} text",
)
_WHOLE = "ft full time fulltime final total team match game end"
POINTS = Names(
    _made(
        f"{_WHOLE} {_THING}",
        "score scores goal goals point points pts runs run g sets legs frames maps tries tore "
        "goles puntos buts gol gols reti punkte punti",
        f"{_WHOLE} scored count for f ft",
    ),
    "final|ft|fulltime",
)
_COUNTED = "n num number of count total nb no"
COUNTS = _words(
    f"{_COUNTED} {_THING} winner is",
    "wins win won winner victories victory votes preferred prefs",
    f"{_COUNTED} {_THING}",
)
LOST = _words(f"{_COUNTED} {_THING}", "losses loss lost loses defeats", f"{_COUNTED} {_THING}")
HALF_TIME = Names("(?:ht|h1|half|1st|q[1-4]).*", ".*half.*", ".*ht")
RANKS = _words(_THING, "rank ranks rating ratings grade grades likert place position", "")

# ---- single columns -----------------------------------------------------------------------------

TIES = _words(f"{_COUNTED} winner is", "tie ties tied draw draws drawn tiebothbad", f"{_COUNTED}")
_WHOSE = (
    "answer actual map round ft full time fulltime final match game fight battle human user judge "
    "annotator worker rater crowd overall majority consensus pairwise preferred my the is "
    "expert gpt llm model "
    "comparison encoded"
)
_WON = "win wins winflag won winner preferred better chosen"
_FIRST = (
    "home hometeam first model1 modela white player1 p1 team1 system1 option1 item1 a left "
    "favorite favourite"
)
OUTCOMES = Names(
    _made(
        _WHOSE,
        "winner winners winning outcome outcomes result results res r preference preferences pref "
        "preferred verdict verdicts vote votes voted choice choices chosen judgment judgement "
        "judgments judgements decision label labels better best selected selection pick picked "
        "wl win wins won annotation rating response answer ergebnis resultado resultat "
        "gewinner ganador",
        "name names id model label labels team player code side letter value text index option "
        "system item key is ft type",
    ),
    _made("is", _FIRST, "") + f"(?:{_WON.replace(' ', '|')})",
)
# Both scores of a row in one column: "2-1".
SCORELINES = _words(_WHOSE, "score scores scoreline ft fulltime finalscore ergebnis", "ft final")
SCORES = _words(
    "", "score share points point pts firstscore firstshare scorefirst scorea softlabel softscore"
)
SHARES = _words(
    "",
    "score share points point pts first p prob probability proba pfirst pa s y soft win winprob "
    "winprobability winrate pwin preference",
    "a first label",
)
COUNTING = _words("", _COUNTED, _COUNTED)
WEIGHTS = _words(
    "",
    "weight weights sampleweight w count counts n freq frequency multiplicity repeats times "
    "ncomparisons ngames nvotes numvotes nobs",
)
CHANCES = _words("", "p pr prob proba probs probability chance", "wins win")
PLAIN_WEIGHTS = Names("weight|weights|sampleweight")
NEUTRAL = _words("is", "neutral neutralground neutralvenue neutralsite", "site venue ground")
SHOWN = _words("shown presentation display", "order position swapped flipped first")
ORDER = _words("", "order orderadvantage advantage")
_QUESTIONS = (
    "question questions query queries qid q prompt prompts instruction instructions topic topics "
    "task tasks example instance sample conversation problem segment seg hit"
)
PROMPTS = _words("", _QUESTIONS, f"{_ID} text")
# What comparisons are sorted by into groups, the most likely first.
GROUPS = (
    _words("", "group groups grp groupid groupname"),
    _words("", _QUESTIONS, f"{_ID} text"),
    _words(
        "",
        "league div division competition tournament tourney category language lang lp domain "
        "dataset subset season event section bucket surface",
        f"name {_ID}",
    ),
    _words("", "user judge annotator rater worker player subject", f"name {_ID}"),
)
PAIRS = (
    _words("", "pair pairs comparison matchup", _ID),
    _words("", "item items unit case entry", _ID),
    PROMPTS,
    _words("", "id uid uuid index idx key doc document text row dataid"),
)
TEACHERS = (
    _words(
        "human crowd llm",
        "judge judges annotator annotators rater raters worker workers assessor reviewer "
        "evaluator grader labeler labeller voter teacher coder participant respondent prolific "
        "prolificpid tagger ranker marker referee critic juror panelist panellist",
        f"name model {_ID} pid",
    ),
    _words("", "user expert subject person rm who student", f"name {_ID}"),
    _words("judge", "model models llm source engine", f"name {_ID}"),
)
DATES = _words(
    "match game event vote battle comparison tourney tournament the start end utc",
    "date dates day time tstamp timestamp datetime created createdat submitted submittedat played "
    "playedat when ts datum fecha kickoff",
    "at on utc time date start end stamp iso ms",
)
SWAPPED = _words(
    "is was", "swapped swap flipped flip reversed reverse inverted switched permuted", "order"
)
GOLD = _words(
    "",
    "gold truth groundtruth expert reference true correct goldlabel golden target ref",
    "label labels answer winner vote verdict preference outcome standard",
)
# What is about something else than who won, whatever stands there.
OTHERS = (*TEACHERS[:2], PROMPTS, DATES, WEIGHTS, NEUTRAL, SHOWN, SWAPPED, ORDER)
