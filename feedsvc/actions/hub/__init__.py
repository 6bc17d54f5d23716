"""What those outside hear of our feeds, and what our own hub does to its rows (WebSub)."""

from feedsvc.actions.hub.ask import Crowded, Wish, ask
from feedsvc.actions.hub.confirm import Question, confirm, doubt, questions
from feedsvc.actions.hub.distribute import Due, deliver, drop, due, miss
from feedsvc.actions.hub.forget import forget
from feedsvc.actions.hub.tell import News, introduce, news, refuse, rest, take_news, tell

__all__ = [
    "Crowded",
    "Due",
    "News",
    "Question",
    "Wish",
    "ask",
    "confirm",
    "deliver",
    "doubt",
    "drop",
    "due",
    "forget",
    "introduce",
    "miss",
    "news",
    "questions",
    "refuse",
    "rest",
    "take_news",
    "tell",
]
