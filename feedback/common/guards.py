"""Database triggers that make rows say no: append-only, sealed, sealed children.

They are declared in a model's ``Meta.triggers`` and reach the database by ordinary
migrations (django-pgtrigger writes the operations). They hold for `QuerySet.update`,
raw SQL and psql alike. Two settings open them, each local to one transaction:
``consilium.erasure`` holds the reason of a named erasure command.
"""

import pgtrigger

_ERASING = "coalesce(current_setting('consilium.erasure', true), '') <> ''"

_REFUSE = """
    RAISE EXCEPTION USING
        ERRCODE = 'restrict_violation',
        MESSAGE = format('%s is {fact}: %s refused', TG_TABLE_NAME, TG_OP),
        HINT = '{hint}',
        TABLE = TG_TABLE_NAME;
"""

_ALLOW = "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"


class AppendOnly(pgtrigger.Trigger):
    """Refuses every UPDATE and DELETE: a change is a new row that supersedes."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete

    def __init__(self, *, name: str = "append_only") -> None:
        super().__init__(
            name=name,
            func=f"""
                IF {_ERASING} THEN {_ALLOW} END IF;
                {_REFUSE.format(fact="append-only", hint="Write a new row.")}
            """,
        )


class NoTruncate(pgtrigger.Trigger):
    """Refuses TRUNCATE, which no row trigger sees."""

    when = pgtrigger.Before
    level = pgtrigger.Statement
    operation = pgtrigger.Truncate

    def __init__(self, *, name: str = "no_truncate") -> None:
        super().__init__(
            name=name,
            func=f"""
                IF {_ERASING} THEN RETURN NULL; END IF;
                {_REFUSE.format(fact="append-only", hint="Nothing is truncated.")}
            """,
        )


class Sealed(pgtrigger.Trigger):
    """Refuses UPDATE and DELETE of a row whose `column` is set."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete

    def __init__(self, *, column: str, name: str = "sealed") -> None:
        super().__init__(
            name=name,
            func=f"""
                IF OLD.{column} IS NULL OR {_ERASING} THEN {_ALLOW} END IF;
                {_REFUSE.format(fact="sealed", hint="Make a new version.")}
            """,
        )


class SealedChild(pgtrigger.Trigger):
    """Refuses UPDATE and DELETE of a row whose parent is sealed."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete

    def __init__(
        self,
        *,
        foreign_key: str,
        parent_table: str,
        column: str,
        name: str = "sealed_with_parent",
    ) -> None:
        super().__init__(
            name=name,
            func=f"""
                IF {_ERASING} OR NOT EXISTS (
                    SELECT 1 FROM {parent_table} p
                    WHERE p.id = OLD.{foreign_key} AND p.{column} IS NOT NULL
                ) THEN {_ALLOW} END IF;
                {_REFUSE.format(fact="sealed", hint="Make a new version.")}
            """,  # noqa: S608 - the names come from models, never from people
        )


class NoLateChild(pgtrigger.Trigger):
    """Refuses INSERT of rows under a parent that is already sealed.

    Works on the whole statement, so a million rows cost one look at the parent.
    """

    when = pgtrigger.After
    level = pgtrigger.Statement
    operation = pgtrigger.Insert
    referencing = pgtrigger.Referencing(new="new_rows")  # type: ignore[no-untyped-call]

    def __init__(
        self,
        *,
        foreign_key: str,
        parent_table: str,
        column: str,
        name: str = "no_late_child",
    ) -> None:
        super().__init__(
            name=name,
            func=f"""
                IF NOT EXISTS (
                    SELECT 1 FROM (SELECT DISTINCT {foreign_key} AS id FROM new_rows) n
                    JOIN {parent_table} p USING (id)
                    WHERE p.{column} IS NOT NULL
                ) THEN RETURN NULL; END IF;
                {_REFUSE.format(fact="sealed", hint="Make a new version.")}
            """,  # noqa: S608 - the names come from models, never from people
        )


def said() -> list[pgtrigger.Trigger]:
    """Triggers of a table of things said: append-only in every way."""
    return [AppendOnly(), NoTruncate()]


def sealed_with(
    foreign_key: str, *, parent_table: str, column: str
) -> list[pgtrigger.Trigger]:
    """Triggers of a table whose rows close together with their parent."""
    return [
        SealedChild(foreign_key=foreign_key, parent_table=parent_table, column=column),
        NoLateChild(foreign_key=foreign_key, parent_table=parent_table, column=column),
    ]
