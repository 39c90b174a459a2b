"""What happened and who looked.

Row history is written by pghistory's statement triggers (`feedback.common.history`);
this app adds the events no row change shows: sign-ins, refusals, reads, downloads.
"""
