"""Lists of signers as files: read line by line, whatever their size, and written as safely."""
