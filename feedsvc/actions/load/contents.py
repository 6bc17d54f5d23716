"""Load what the files beside the updates of a folder hold."""

from sqlmodel import col, select

from feedsvc.actions.load.run import Run
from feedsvc.domain.content import Folder, Revision
from feedsvc.domain.tables.content import StoredFile
from feedsvc.errors import Invalid
from feedsvc.records import content


def put(run: Run, folder: Folder) -> None:
    """Store them; refuse a record that names a file which is neither here nor in the store."""
    for one in folder.contents:
        content.put_file(run.session, one, run.now)
    named = {
        digest: update.key
        for update in folder.updates
        if update.record
        for revision in update.record.revisions
        for digest in _digests(revision)
    }
    stored = select(StoredFile.digest).where(col(StoredFile.digest).in_(named))
    missing = named.keys() - set(run.session.exec(stored).all())
    for digest in sorted(missing):
        raise Invalid(
            run.file(f"history/files/{digest}"),
            f"is missing, and an earlier revision of {named[digest]}.md names it.",
            remedy="Put it back as `feedsvc dump` wrote it, "
            f"or remove history/{named[digest]}.json to load the text as something new.",
        )


def _digests(revision: Revision) -> list[str]:
    return [file.digest for text in revision.texts for file in text.files]
