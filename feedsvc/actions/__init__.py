"""Verbs, one module each. An action is a plain function: session first, `now` last; it may run twice."""
