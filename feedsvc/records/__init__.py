"""What several actions do to rows in the same way. One room a subject; no decisions of its own."""
