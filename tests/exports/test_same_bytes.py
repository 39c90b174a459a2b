"""One snapshot, one set of bytes: whatever the hash seed, the time zone, the language."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from exports.manifest import NAME, file_sha256
from exports.services import seal_snapshot
from tests.exports.conftest import contents, make_judged

REPOSITORY = Path(__file__).resolve().parents[2]
_WRITER = """
import sys
from pathlib import Path
import django
django.setup()
from exports.models import Snapshot
from exports.services import write_files
snapshot = Snapshot.objects.get(pk=sys.argv[1])
print(write_files(snapshot=snapshot, directory=Path(sys.argv[2])).manifest_sha256)
"""
# Hash order, the date on the wall, and how text is compared.
ENVIRONMENTS = [
    {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8"},
]


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_the_environment_changes_no_byte(settings, tmp_path):
    judged = make_judged(tmp_path / "exports")
    snapshot = judged.request()
    seal_snapshot(snapshot=snapshot, directory=judged.directory)
    sealed = contents(judged.folder(snapshot))
    name = connection.settings_dict["NAME"]
    code = (
        "from django.conf import settings\n"
        f"settings.DATABASES['default']['NAME'] = {name!r}\n{_WRITER}"
    )
    with connection.cursor() as cursor:
        # Rows in another place of their tables than where they were written.
        cursor.execute("CLUSTER rating_judgment USING judgment_once_per_key")
        cursor.execute("CLUSTER corpus_completion USING completion_once_per_prompt")
    for number, changed in enumerate(ENVIRONMENTS):
        folder = tmp_path / f"again-{number}"
        environment = dict(os.environ)  # noqa: TID251 - to pass on
        environment |= changed | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
        done = subprocess.run(
            [sys.executable, "-c", code, str(snapshot.pk), str(folder)],
            check=True,
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == snapshot.manifest_sha256
        assert contents(folder) == sealed
    assert file_sha256(judged.folder(snapshot) / NAME) == snapshot.manifest_sha256
