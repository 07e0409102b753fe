"""``python -m venire.cli`` does what ``venire`` does."""

from venire.cli import main

raise SystemExit(main())
