"""The staff API: JSON in, one action, JSON out, for whoever shows a key."""

from feedsvc.web.api import campaigns, docs, operations, signers, updates

every = [*campaigns.operations, *updates.operations, *signers.operations]
"""All operations, in the order in which the API document lists them."""

routes = [*operations.routes(every), *docs.routes(every)]
