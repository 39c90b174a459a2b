"""Triggers of this app: who may never decide, and what of an edition never changes."""

import pgtrigger

# Whoever was served the task, or one that shows the same, and did not let it expire.
# Somebody who declined it knew the case, or would rather not read it.
_MET = """
    SELECT 1 FROM studies_assignment a
    JOIN accounts_rater r ON r.id = a.rater_id
    JOIN studies_task t ON t.id = a.task_id
    JOIN studies_task own ON own.id = NEW.task_id
    WHERE r.user_id = NEW.{person} AND a.state <> 'expired'
      AND coalesce(t.repeats_id, t.id) = coalesce(own.repeats_id, own.id)
"""


class NotByARater(pgtrigger.Trigger):
    """Refuses a row that names, as who settles a task, somebody who rated it."""

    when = pgtrigger.Before
    operation = pgtrigger.Insert | pgtrigger.Update

    def __init__(self, *, person: str, name: str = "not_by_a_rater") -> None:
        super().__init__(
            name=name,
            func=f"""
                IF NEW.{person} IS NOT NULL AND EXISTS ({_MET.format(person=person)})
                THEN
                    RAISE EXCEPTION USING
                        ERRCODE = 'restrict_violation',
                        MESSAGE = format(
                            '%s is not by a rater of the task: %s refused',
                            TG_TABLE_NAME, TG_OP
                        ),
                        HINT = 'Somebody who did not rate it decides.',
                        TABLE = TG_TABLE_NAME;
                END IF;
                RETURN NEW;
            """,
        )


class FitsItsCase(pgtrigger.Trigger):
    """Refuses a verdict on another task than its case's, or than what it supersedes."""

    when = pgtrigger.Before
    operation = pgtrigger.Insert

    def __init__(self, *, name: str = "fits_its_case") -> None:
        super().__init__(
            name=name,
            func="""
                IF NOT EXISTS (
                    SELECT 1 FROM review_adjudicationcase c
                    WHERE c.id = NEW.case_id AND c.task_id = NEW.task_id
                ) OR (
                    NEW.supersedes_id IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM review_adjudication a
                        WHERE a.id = NEW.supersedes_id AND a.task_id = NEW.task_id
                    )
                ) THEN
                    RAISE EXCEPTION USING
                        ERRCODE = 'restrict_violation',
                        MESSAGE = 'review_adjudication fits its case: INSERT refused',
                        HINT = 'Name the task of the case.',
                        TABLE = TG_TABLE_NAME;
                END IF;
                RETURN NEW;
            """,
        )


class OnlySuperseded(pgtrigger.Trigger):
    """Refuses every change of an edition but that it is superseded, once."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete

    def __init__(self, *, name: str = "only_superseded") -> None:
        super().__init__(
            name=name,
            func="""
                IF coalesce(current_setting('consilium.erasure', true), '') = ''
                AND (
                    TG_OP = 'DELETE' OR OLD.superseded_at IS NOT NULL
                    OR (to_jsonb(OLD) - 'superseded_at' - 'superseded_by_id')
                       <> (to_jsonb(NEW) - 'superseded_at' - 'superseded_by_id')
                ) THEN
                    RAISE EXCEPTION USING
                        ERRCODE = 'restrict_violation',
                        MESSAGE = format(
                            '%s is only superseded: %s refused', TG_TABLE_NAME, TG_OP
                        ),
                        HINT = 'Add the next edition, and say that it supersedes this.',
                        TABLE = TG_TABLE_NAME;
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
            """,
        )
