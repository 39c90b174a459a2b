"""Snapshots as machines read them."""

from typing import Any

from django.urls import reverse
from django.utils.text import slugify
from rest_framework import serializers

from exports.models import ExportFile, Release, Snapshot
from exports.selectors import split_counts
from feedback.studies.models import Study


class StudySerializer(serializers.ModelSerializer[Study]):
    """A study as far as its datasets go."""

    slug = serializers.SerializerMethodField()
    snapshots = serializers.SerializerMethodField()

    class Meta:
        model = Study
        fields = ("uid", "name", "slug", "snapshots")

    def get_slug(self, study: Study) -> str:
        """The name as a command line likes it; not unique."""
        return slugify(study.name)

    def get_snapshots(self, study: Study) -> str:
        """Where its snapshots are listed."""
        path = reverse("api_study_snapshots", args=[study.uid])
        return _absolute(self, path)


def _absolute(serializer: serializers.BaseSerializer[Any], path: str) -> str:
    """A path as a whole URL, if the request is known."""
    request = serializer.context.get("request")
    return request.build_absolute_uri(path) if request else path


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """A snapshot in a list."""

    study = serializers.UUIDField(source="study.uid")
    study_name = serializers.CharField(source="study.name")
    url = serializers.SerializerMethodField()
    release = serializers.SerializerMethodField()

    class Meta:
        model = Snapshot
        fields = (
            "uid",
            "url",
            "study",
            "study_name",
            "number",
            "state",
            "created_at",
            "sealed_at",
            "n_judgments",
            "manifest_sha256",
            "release",
        )

    def get_url(self, snapshot: Snapshot) -> str:
        """Where the details are."""
        return _absolute(self, reverse("api_snapshot_detail", args=[snapshot.uid]))

    def get_release(self, snapshot: Snapshot) -> dict[str, Any] | None:
        """The version it went out as, signed, if it did."""
        published: list[Release] = snapshot.published  # type: ignore[attr-defined]
        if not published:
            return None
        release = published[0]
        return {
            "version": release.version,
            "state": release.state,
            "withdrawn_because": release.withdrawn_because,
            "signature": release.signature,
            "public_key": release.key.public_key if release.key else "",
        }


class SnapshotDetailSerializer(SnapshotSerializer):
    """A snapshot with everything needed to pull and to check it."""

    configurations = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()
    archive = serializers.SerializerMethodField()

    class Meta:
        model = Snapshot
        fields = (
            *SnapshotSerializer.Meta.fields,
            "step",
            "error",
            "test_percent",
            "rules",
            "members_sha256",
            "contract",
            "configurations",
            "archive",
            "files",
        )

    def get_configurations(self, snapshot: Snapshot) -> dict[str, dict[str, int]]:
        """Rows by configuration and split."""
        return {
            count.configuration: count.by_split
            for count in split_counts(snapshot)
            if count.n_rows
        }

    def get_archive(self, snapshot: Snapshot) -> str | None:
        """The whole folder as one ZIP, once it is sealed."""
        if snapshot.sealed_at is None:
            return None
        return _absolute(self, reverse("snapshot_archive", args=[snapshot.uid]))

    def get_files(self, snapshot: Snapshot) -> list[dict[str, Any]]:
        """Each file with its hash and where to get it."""
        return [self._file(snapshot, file) for file in snapshot.files.all()]

    def _file(self, snapshot: Snapshot, file: ExportFile) -> dict[str, Any]:
        path = reverse("api_snapshot_file", args=[snapshot.uid, file.path])
        return {
            "path": file.path,
            "url": _absolute(self, path),
            "configuration": file.configuration,
            "split": file.split,
            "n_rows": file.n_rows,
            "size_bytes": file.size_bytes,
            "sha256": file.sha256,
        }
