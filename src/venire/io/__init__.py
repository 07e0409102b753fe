"""Files of comparisons, of votes and of ratings.

Reads delimited text, JSON, Parquet, Arrow IPC (Feather) and Excel, also compressed; only the
columns that are asked for. Everything that can be wrong with a file is a `DataError` that names the
file, the row and the column. Writes tables whole or not at all. Needs pyarrow
(``pip install venire[cli]``).
"""

from venire.io._errors import DataError
from venire.io._read import read_comparisons, read_grouped
from venire.io._read_any import read
from venire.io._read_gold import read_gold
from venire.io._read_rankings import read_rankings
from venire.io._read_table import TableFile, read_table
from venire.io._read_votes import VotesFile, read_votes
from venire.io._teachers import read_teachers
from venire.io.scanner import Dialect, Scanner, columns_in
from venire.io.tables_out import TableWriter, check_writable, write_table

__all__ = [
    "DataError",
    "Dialect",
    "Scanner",
    "TableFile",
    "TableWriter",
    "VotesFile",
    "check_writable",
    "columns_in",
    "read",
    "read_comparisons",
    "read_gold",
    "read_grouped",
    "read_teachers",
    "read_rankings",
    "read_table",
    "read_votes",
    "write_table",
]
