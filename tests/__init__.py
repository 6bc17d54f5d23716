"""The tests, in the order of the floors; `journeys`, `faults` and `bench` stand beside them."""
