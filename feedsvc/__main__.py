"""The way in from the command line: `feedsvc …` or `python -m feedsvc …`."""

from feedsvc.commands import main

if __name__ == "__main__":
    main()
