"""What we do not control: database, relay, templates, files."""
