import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_api_tokens"),
        ("exports", "0002_releases"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("studies", "0006_waves_of_slots"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SnapshotSchedule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "every",
                    models.CharField(
                        choices=[
                            ("off", "Never"),
                            ("day", "Every day"),
                            ("week", "Every week"),
                        ],
                        default="off",
                        max_length=5,
                    ),
                ),
                ("test_percent", models.PositiveSmallIntegerField(default=10)),
                (
                    "rules",
                    models.JSONField(help_text="The thresholds: exports.rules.Rules."),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("last_run_at", models.DateTimeField(blank=True, null=True)),
                ("last_note", models.CharField(blank=True, max_length=300)),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "study",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="snapshot_schedule",
                        to="studies.study",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SnapshotScheduleEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                (
                    "every",
                    models.CharField(
                        choices=[
                            ("off", "Never"),
                            ("day", "Every day"),
                            ("week", "Every week"),
                        ],
                        default="off",
                        max_length=5,
                    ),
                ),
                ("test_percent", models.PositiveSmallIntegerField(default=10)),
                (
                    "rules",
                    models.JSONField(help_text="The thresholds: exports.rules.Rules."),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("last_run_at", models.DateTimeField(blank=True, null=True)),
                ("last_note", models.CharField(blank=True, max_length=300)),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="exports.snapshotschedule",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="studies.study",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "uid",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                ("url", models.URLField(max_length=500)),
                ("salt", models.CharField(max_length=32)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="webhook_endpoints",
                        to="studies.study",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "uid",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ping", "Test"),
                            ("release.published", "Release published"),
                            ("rows.withdrawn", "Rows withdrawn"),
                        ],
                        max_length=20,
                    ),
                ),
                ("event_key", models.CharField(max_length=100)),
                ("body", models.JSONField()),
                ("n_attempts", models.PositiveSmallIntegerField(default=0)),
                ("last_tried_at", models.DateTimeField(blank=True, null=True)),
                (
                    "last_status",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="exports.webhookendpoint",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WebhookEndpointEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                ("url", models.URLField(max_length=500)),
                ("salt", models.CharField(max_length=32)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="exports.webhookendpoint",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="studies.study",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DownloadLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "uid",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                (
                    "path",
                    models.CharField(
                        blank=True,
                        help_text="Of one file; empty: the whole archive.",
                        max_length=200,
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                (
                    "used_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the last byte was given to a reply.",
                        null=True,
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="exports.snapshot",
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.apitoken",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["expires_at"], name="download_link_expires")
                ],
            },
        ),
        migrations.CreateModel(
            name="Push",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "uid",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                ("target", models.CharField(max_length=500)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pushes",
                        to="exports.snapshot",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["snapshot", "-created_at"], name="push_of_snapshot"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SnapshotRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("key", models.CharField(max_length=100)),
                ("request_sha256", models.CharField(max_length=64)),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="exports.snapshot",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "key"), name="snapshot_request_key_once"
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="snapshotrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF coalesce(current_setting('consilium.erasure', true), '') <> '' THEN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END IF;\n                \n    RAISE EXCEPTION USING\n        ERRCODE = 'restrict_violation',\n        MESSAGE = format('%s is append-only: %s refused', TG_TABLE_NAME, TG_OP),\n        HINT = 'Write a new row.',\n        TABLE = TG_TABLE_NAME;\n\n            ",
                    hash="fbdf5f721607ba65da886f10f912bae25d981ec1",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_2dced",
                    table="exports_snapshotrequest",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="snapshotrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF coalesce(current_setting('consilium.erasure', true), '') <> '' THEN RETURN NULL; END IF;\n                \n    RAISE EXCEPTION USING\n        ERRCODE = 'restrict_violation',\n        MESSAGE = format('%s is append-only: %s refused', TG_TABLE_NAME, TG_OP),\n        HINT = 'Nothing is truncated.',\n        TABLE = TG_TABLE_NAME;\n\n            ",
                    hash="ece8521efa38857c4e84a32be6f1873650775cb9",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_ace25",
                    table="exports_snapshotrequest",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshotschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("every__in", ["off", "day", "week"])),
                name="schedule_rhythm_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshotschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("every", "off"), ("due_at__isnull", False), _connector="OR"
                ),
                name="schedule_that_runs_is_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshotschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("test_percent__lte", 50)),
                name="schedule_test_percent_is_0_to_50",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="snapshotschedule",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "exports_snapshotscheduleevent" ("due_at", "every", "id", "last_note", "last_run_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rules", "set_by_id", "study_id", "test_percent") SELECT new_values."due_at", new_values."every", new_values."id", new_values."last_note", new_values."last_run_at", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."rules", new_values."set_by_id", new_values."study_id", new_values."test_percent" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="facbf62643ad7f10125a7a707afed27f72f4b968",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_ca688",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="exports_snapshotschedule",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="snapshotschedule",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "exports_snapshotscheduleevent" ("due_at", "every", "id", "last_note", "last_run_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rules", "set_by_id", "study_id", "test_percent") SELECT new_values."due_at", new_values."every", new_values."id", new_values."last_note", new_values."last_run_at", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."rules", new_values."set_by_id", new_values."study_id", new_values."test_percent" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="cab9b276a6ed1d04a2e63b338a751a70d95b8ff4",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_6d786",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="exports_snapshotschedule",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="snapshotschedule",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "exports_snapshotscheduleevent" ("due_at", "every", "id", "last_note", "last_run_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rules", "set_by_id", "study_id", "test_percent") SELECT old_values."due_at", old_values."every", old_values."id", old_values."last_note", old_values."last_run_at", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."rules", old_values."set_by_id", old_values."study_id", old_values."test_percent" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="079b814f6c14ee4e88e744ba125b90ca094501e5",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f8fe3",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="exports_snapshotschedule",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="snapshotscheduleevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF coalesce(current_setting('consilium.erasure', true), '') <> '' THEN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END IF;\n                \n    RAISE EXCEPTION USING\n        ERRCODE = 'restrict_violation',\n        MESSAGE = format('%s is append-only: %s refused', TG_TABLE_NAME, TG_OP),\n        HINT = 'Write a new row.',\n        TABLE = TG_TABLE_NAME;\n\n            ",
                    hash="f23c415ecf8fae1a9faf1ff7f1d0ea1a6b354129",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_a9efc",
                    table="exports_snapshotscheduleevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="snapshotscheduleevent",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF coalesce(current_setting('consilium.erasure', true), '') <> '' THEN RETURN NULL; END IF;\n                \n    RAISE EXCEPTION USING\n        ERRCODE = 'restrict_violation',\n        MESSAGE = format('%s is append-only: %s refused', TG_TABLE_NAME, TG_OP),\n        HINT = 'Nothing is truncated.',\n        TABLE = TG_TABLE_NAME;\n\n            ",
                    hash="531874d67043f3beda3be4492f916dbe70c1350d",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_83abb",
                    table="exports_snapshotscheduleevent",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("study", "url"),
                name="webhook_endpoint_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("url__startswith", "https://")),
                name="webhook_url_is_https",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webhookendpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "exports_webhookendpointevent" ("created_at", "created_by_id", "ended_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "salt", "study_id", "uid", "url") SELECT new_values."created_at", new_values."created_by_id", new_values."ended_at", new_values."id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."salt", new_values."study_id", new_values."uid", new_values."url" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="6cfcbebc0a45341a6b05bb89466cbc24d569b8c1",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_fc0fc",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="exports_webhookendpoint",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webhookendpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "exports_webhookendpointevent" ("created_at", "created_by_id", "ended_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "salt", "study_id", "uid", "url") SELECT new_values."created_at", new_values."created_by_id", new_values."ended_at", new_values."id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."salt", new_values."study_id", new_values."uid", new_values."url" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="d0c4048ff66450c8a018a7aa3410da5544f1a1c7",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_00307",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="exports_webhookendpoint",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webhookendpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "exports_webhookendpointevent" ("created_at", "created_by_id", "ended_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "salt", "study_id", "uid", "url") SELECT old_values."created_at", old_values."created_by_id", old_values."ended_at", old_values."id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."salt", old_values."study_id", old_values."uid", old_values."url" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="a41a3ac0730ce587c54f4be4f26ec0f8e42c7eb9",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_84446",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="exports_webhookendpoint",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("endpoint", "event_key"), name="webhook_delivery_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["ping", "release.published", "rows.withdrawn"])
                ),
                name="webhook_delivery_kind_is_known",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webhookendpointevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF coalesce(current_setting('consilium.erasure', true), '') <> '' THEN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END IF;\n                \n    RAISE EXCEPTION USING\n        ERRCODE = 'restrict_violation',\n        MESSAGE = format('%s is append-only: %s refused', TG_TABLE_NAME, TG_OP),\n        HINT = 'Write a new row.',\n        TABLE = TG_TABLE_NAME;\n\n            ",
                    hash="0e0323aa67e14209a3323e4c58d17f74a6521a93",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_8c33e",
                    table="exports_webhookendpointevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webhookendpointevent",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF coalesce(current_setting('consilium.erasure', true), '') <> '' THEN RETURN NULL; END IF;\n                \n    RAISE EXCEPTION USING\n        ERRCODE = 'restrict_violation',\n        MESSAGE = format('%s is append-only: %s refused', TG_TABLE_NAME, TG_OP),\n        HINT = 'Nothing is truncated.',\n        TABLE = TG_TABLE_NAME;\n\n            ",
                    hash="1ca1fa0404a102a38ebec205a81f56ef0f6f683f",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_129df",
                    table="exports_webhookendpointevent",
                    when="BEFORE",
                ),
            ),
        ),
    ]
