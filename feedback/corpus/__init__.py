"""What is shown: prompts and completions, where they came from, and how they got in."""
