"""Plan mails: whoever is due and lacks something gets one mail, its digest found or composed once.

A chunk is planned by few statements: nothing is sealed, no token is made and no row is built for a
recipient. `run` is the list of steps, `stretch` finds who is due, `groups` puts those together who
get the same digest, `queueing` writes.
"""

from feedsvc.actions.plan.run import plan

__all__ = ["plan"]
