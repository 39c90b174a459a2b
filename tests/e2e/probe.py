"""Renders one page in the browser named on the command line; fails if it cannot."""

import sys

from playwright.sync_api import sync_playwright


def main(executable: str, *arguments: str) -> None:
    """Exit with an error unless text has a width and a click is answered."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=list(arguments), timeout=60_000
        )
        page = browser.new_page(locale="en-GB")
        page.set_content("<button id=b onclick=\"this.id='pressed'\">rendered</button>")
        page.click("#b")
        # Without a font, letters have no width and nothing can be selected.
        if page.evaluate(
            "() => { const r = document.createRange();"
            " r.selectNodeContents(document.getElementById('pressed'));"
            " return r.getBoundingClientRect().width < 20; }"
        ):
            sys.exit("error: text has no width, so there is no usable font")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
