"""What everything in a database has in common: it belongs to one organisation."""

from adapters.postgres.database import Sessions


class Bound:
    """Something of one organisation. No statement can be put without it: see `Database.session`."""

    def __init__(self, database: Sessions, org: str) -> None:
        """Bind it to its organisation; nothing is read or written.

        Args:
            database: where it is.
            org: whose it is.
        """
        self._database = database
        self._org = org
