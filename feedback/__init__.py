"""What clinicians see and say: an ordinary package of small Django apps.

Read from the bottom: `common` and `stats` have no tables; `accounts` knows who,
`audit` what happened, `jobs` what is still to do; `corpus` holds what is shown,
`studies` what is asked and of whom, `rating` what was said, `review` the second
pair of eyes. Each knows only those named before it (import-linter checks).
"""
