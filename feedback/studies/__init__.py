"""What is asked, by which guideline, of whom, and who holds which task now."""
