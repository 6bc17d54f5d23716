"""Lists of signers as other tools write them: which column is what, and what a row says. Pure."""
