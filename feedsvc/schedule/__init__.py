"""The timetable: ticks that ask the database what is due.

A tick that comes late, twice or on two machines puts itself right (law 13).
"""

from feedsvc.schedule.ticking import tick
from feedsvc.schedule.tidying import tidy_up
from feedsvc.schedule.timetable import Timetable

__all__ = ["Timetable", "tick", "tidy_up"]
