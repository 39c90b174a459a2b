"""Snapshots as machines read them."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from exports.models import ExportFile, Snapshot
from exports.selectors import split_counts


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """A snapshot in a list."""

    study = serializers.UUIDField(source="study.uid")
    study_name = serializers.CharField(source="study.name")
    url = serializers.SerializerMethodField()

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
        )

    def get_url(self, snapshot: Snapshot) -> str:
        """Where the details are."""
        return self.absolute(reverse("api_snapshot_detail", args=[snapshot.uid]))

    def absolute(self, path: str) -> str:
        """A path as a whole URL, if the request is known."""
        request = self.context.get("request")
        return request.build_absolute_uri(path) if request else path


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
            count.configuration: {"train": count.n_train, "test": count.n_test}
            for count in split_counts(snapshot)
            if count.n_rows
        }

    def get_archive(self, snapshot: Snapshot) -> str | None:
        """The whole folder as one ZIP, once it is sealed."""
        if snapshot.sealed_at is None:
            return None
        return self.absolute(reverse("snapshot_archive", args=[snapshot.uid]))

    def get_files(self, snapshot: Snapshot) -> list[dict[str, Any]]:
        """Each file with its hash and where to get it."""
        return [self._file(snapshot, file) for file in snapshot.files.all()]

    def _file(self, snapshot: Snapshot, file: ExportFile) -> dict[str, Any]:
        path = reverse("snapshot_file", args=[snapshot.uid, file.path])
        return {
            "path": file.path,
            "url": self.absolute(path),
            "n_rows": file.n_rows,
            "size_bytes": file.size_bytes,
            "sha256": file.sha256,
        }
