"""kill -9 of the process that writes a snapshot: nothing lost, nothing half."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from exports.manifest import verify_folder
from exports.models import Snapshot
from exports.services import seal_snapshot
from tests.exports.conftest import contents, make_judged

REPOSITORY = Path(__file__).resolve().parents[2]
_WRITER = """
import sys, time
import django
django.setup()
from pathlib import Path
from exports import services, writing
from exports.models import Snapshot
step = sys.argv[3]
write = services._seal if step == "seal" else writing.manifest.write_manifest
def stop(*args, **kwargs):
    result = None if step == "seal" else write(*args, **kwargs)
    print("reached", flush=True)
    time.sleep(60)
    return result
if step == "seal":
    services._seal = stop
else:
    writing.manifest.write_manifest = stop
snapshot = Snapshot.objects.get(pk=sys.argv[1])
services.seal_snapshot(snapshot=snapshot, directory=Path(sys.argv[2]))
"""


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["write", "seal"])
def test_a_writer_killed_on_the_way_is_taken_up_again(settings, tmp_path, step):
    judged = make_judged(tmp_path / "exports")
    snapshot = judged.request()
    name = connection.settings_dict["NAME"]
    code = (
        "from django.conf import settings\n"
        f"settings.DATABASES['default']['NAME'] = {name!r}\n{_WRITER}"
    )
    environment = dict(os.environ)  # noqa: TID251 - to pass on
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    command = [sys.executable, "-c", code, str(snapshot.pk), str(judged.directory)]
    with subprocess.Popen(
        [*command, step],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        reached = writer.stdout.readline()
        writer.kill()
    assert reached == "reached\n"

    snapshot.refresh_from_db()
    assert snapshot.state == Snapshot.State.BUILDING
    assert snapshot.step
    is_written = judged.folder(snapshot).exists()
    assert is_written == (step == "seal")
    before = contents(judged.folder(snapshot)) if is_written else None

    seal_snapshot(snapshot=snapshot, directory=judged.directory)
    assert snapshot.state == Snapshot.State.SEALED
    after = contents(judged.folder(snapshot))
    assert before is None or after == before
    assert verify_folder(judged.folder(snapshot)).is_intact
    assert [path.name for path in judged.directory.iterdir()] == [str(snapshot.uid)]
