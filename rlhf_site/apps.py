"""The project as an app: it has the commands and installs the wiring."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "rlhf_site"
    label = "rlhf_site"
    verbose_name = "Consilium"

    def ready(self) -> None:
        """Install the system checks and the switchboard."""
        from rlhf_site import checks, wiring  # noqa: F401, PLC0415 - needs loaded apps

        wiring.install()
