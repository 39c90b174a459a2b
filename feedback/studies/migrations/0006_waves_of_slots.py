"""The slots that were there: which belong to the base wave, and their specialty."""

from django.db import migrations

_FORWARD = """
    UPDATE studies_slot s
    SET wave = CASE WHEN s.slot_no < 2 THEN 'base' ELSE 'more' END,
        specialty = lower(p.specialty)
    FROM studies_task t JOIN corpus_prompt p ON p.id = t.prompt_id
    WHERE t.id = s.task_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0005_quality"),
        ("corpus", "0004_written_by"),
    ]

    operations = [migrations.RunSQL(_FORWARD, migrations.RunSQL.noop)]
