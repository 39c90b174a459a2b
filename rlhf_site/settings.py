"""Every setting, in one file. docs/reference/settings.md lists the variables read.

Without any variable set this is the local deployment: embedded PostgreSQL and
Valkey, served on 127.0.0.1 only. With CONSILIUM_ENV=production the system checks in
`rlhf_site.checks` refuse to start a deployment that is not safe.
"""

from pathlib import Path

from rlhf_site import env, local_services

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = local_services.data_dir()

# --- deployment ---------------------------------------------------------------------

ENVIRONMENT = env.text("CONSILIUM_ENV", "local")
IS_PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.boolean("CONSILIUM_DEBUG", default=False)
SECRET_KEY = env.secret("CONSILIUM_SECRET_KEY", file=DATA_DIR / "secret_key")
ALLOWED_HOSTS = env.words(
    "CONSILIUM_ALLOWED_HOSTS", default=("localhost", "127.0.0.1", "[::1]")
)
CSRF_TRUSTED_ORIGINS = env.words("CONSILIUM_TRUSTED_ORIGINS")
# True shows the banner "Demonstration data: not medical advice" on every page;
# `make demo` sets it for what it starts.
IS_DEMO = env.boolean("CONSILIUM_DEMO", default=False)

# --- applications -------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "axes",
    "pgtrigger",
    "pghistory",
    "feedback.accounts",
    "feedback.audit",
    "feedback.jobs",
    "feedback.corpus",
    "feedback.studies",
    "feedback.rating",
    "feedback.quality",
    "feedback.review",
    "exports",
    "rlhf_site",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "rlhf_site.middleware.CompressionMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "rlhf_site.middleware.Utf8OnlyMiddleware",
    "rlhf_site.middleware.RequestContextMiddleware",
    "rlhf_site.middleware.DomainErrorMiddleware",
    "rlhf_site.middleware.AccessMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "rlhf_site.urls"
WSGI_APPLICATION = "rlhf_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "builtins": ["feedback.common.templatetags.consilium"],
            "libraries": {"django_htmx": "django_htmx.templatetags.django_htmx"},
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "rlhf_site.context.site",
            ],
        },
    }
]

# --- data ---------------------------------------------------------------------------

DATABASES = {
    "default": {
        **env.database(env.text("DATABASE_URL") or local_services.database_url()),
        "CONN_MAX_AGE": env.integer("CONSILIUM_DB_MAX_AGE_SECONDS", default=600),
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "TEST": {"NAME": None, "TEMPLATE": None},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Files people brought in, kept under their content's hash.
UPLOAD_DIR = DATA_DIR / "uploads"
# Written exports, one folder per snapshot.
EXPORT_DIR = DATA_DIR / "exports"
# The key that signs releases: the variable, or else a file that is made once.
SIGNING_KEY = env.text("CONSILIUM_SIGNING_KEY")
SIGNING_KEY_FILE = DATA_DIR / "signing.key"
# Files above 1 MB go to disk, in our own folder, never into memory.
FILE_UPLOAD_TEMP_DIR = str(DATA_DIR / "tmp")
for _folder in (UPLOAD_DIR, EXPORT_DIR, DATA_DIR / "tmp", DATA_DIR / "static"):
    _folder.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# The first keeps a file above MAX_IMPORT_BYTES off the disk.
FILE_UPLOAD_HANDLERS = [
    "feedback.corpus.upload_limit.UploadLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
MAX_IMPORT_BYTES = env.integer(
    "CONSILIUM_MAX_IMPORT_BYTES", default=4 * 1024**3, minimum=1
)

# --- people -------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
SIGN_IN_LINK_HOURS = env.integer("CONSILIUM_SIGN_IN_LINK_HOURS", default=72, minimum=1)
# Locks the pair of account and address, so nobody can lock somebody else out.
# The name of the form field, which is not the name of our column.
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "feedback.accounts.views.attempted_account"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "feedback.accounts.views.locked_out"
AXES_VERBOSE = False
# The address is the connection's own; a proxy in front must rewrite it.
AXES_IPWARE_PROXY_COUNT = env.integer("CONSILIUM_PROXY_COUNT", default=0)
AXES_IPWARE_META_PRECEDENCE_ORDER = (
    ["HTTP_X_FORWARDED_FOR", "REMOTE_ADDR"]
    if AXES_IPWARE_PROXY_COUNT
    else ["REMOTE_ADDR"]
)

# --- browser ------------------------------------------------------------------------

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_PRODUCTION
CSRF_COOKIE_SECURE = IS_PRODUCTION
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "rlhf_site.errors.csrf_failure"
SECURE_SSL_REDIRECT = IS_PRODUCTION
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if AXES_IPWARE_PROXY_COUNT else None
)
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_PRODUCTION
SECURE_HSTS_PRELOAD = IS_PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if IS_PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
# Locally the files are served from where they are; no collectstatic needed.
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# --- work ---------------------------------------------------------------------------

CELERY_BROKER_URL = env.text("BROKER_URL") or local_services.broker_url()
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TASK_SOFT_TIME_LIMIT = 3300
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Above twice the longest task; redelivery scans every 2 s, not every 100 s.
    "visibility_timeout": 7500,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    # A submit must not wait for a broker that is away.
    "max_retries": 1,
    "interval_start": 0,
    "connect_retries_timeout": 1,
}
# A nudge that cannot be sent at once is dropped: the sweep finds the job.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- machines -----------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rlhf_site.authentication.BearerToken",
        "rlhf_site.authentication.BrowserSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "rlhf_site.errors.problem_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Consilium",
    "DESCRIPTION": "Datasets of clinicians' judgments, for those who train on them.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SECURITY": [{"bearer": []}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    # What stands in exports.openapi is all there is; nothing is guessed.
    "POSTPROCESSING_HOOKS": ["exports.openapi.operations.add_components"],
}

# How long a link to one download may be used.
DOWNLOAD_MINUTES = env.integer("CONSILIUM_DOWNLOAD_MINUTES", default=5, minimum=1)

# Where sealed snapshots may be copied to, as prefixes: s3://bucket/chat, hub://owner.
PUSH_TARGETS = env.words("CONSILIUM_PUSH_TARGETS")
# Of the Hugging Face Hub; better in a file that CONSILIUM_HUB_TOKEN_FILE names.
HUB_TOKEN = env.text("CONSILIUM_HUB_TOKEN")
# Hosts that webhooks may reach although their addresses are private.
PRIVATE_HOSTS = env.words("CONSILIUM_PRIVATE_HOSTS")

# --- records ------------------------------------------------------------------------

PGHISTORY_APPEND_ONLY = True
PGTRIGGER_MIGRATIONS = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"hide_tokens": {"()": "rlhf_site.logs.HideTokens"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django.request": {"filters": ["hide_tokens"]},
        "django.security.csrf": {"filters": ["hide_tokens"]},
        "feedback": {"level": "INFO"},
        "exports": {"level": "INFO"},
        "rlhf_site": {"level": "INFO"},
    },
}
