"""The trash does what a naive model of it does, whatever happens to folders meanwhile."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from catalog.errors import NotAFolder
from catalog.naming import candidate_batches
from catalog.port import FolderPath, RenameOnConflict, Trashing
from catalog.records import FileOrder
from catalog.trash_port import TrashKey
from tests.catalog.contract.machines import CatalogMachine, run_machine

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, max_size=2).map(tuple)
INDICES = st.integers(min_value=0, max_value=3)
KEEP_S = 100.0


@dataclass
class Node:
    """A file, or a folder with what lies in it."""

    id: int
    size: int | None = None
    children: dict[str, "Node"] = field(default_factory=dict)

    def files(self) -> list["Node"]:
        """The files that it is, or that lie in it."""
        if self.size is not None:
            return [self]
        return [file for child in self.children.values() for file in child.files()]


@dataclass
class Deletion:
    """What was deleted, where it was, and when it expires."""

    node: Node
    name: str
    origin_id: int
    origin: FolderPath
    expires_at: float

    @property
    def key(self) -> TrashKey:
        """As the catalog names it."""
        is_file = self.node.size is not None
        return TrashKey(file_id=self.node.id) if is_file else TrashKey(folder_id=self.node.id)


class Trash(CatalogMachine):
    """Files and folders that come, are renamed, deleted and restored, in any order."""

    def __init__(self, backend: Any, clock: Any, uploads_into: Any) -> None:
        super().__init__(backend, clock, uploads_into)
        self.root = Node(0)
        self.trash: list[Deletion] = []

    @initialize()
    def begin(self):
        """There is one user, who does everything."""
        self.user = self.run(self.catalog.create_user("alice", "hash"))

    @rule(path=PATHS, name=NAMES, size=st.integers(min_value=1, max_value=9))
    def put(self, path, name, size):
        """A file comes, numbered where its name is taken."""
        object_id = self.run(self.uploads.store(size=size))
        call = self.uploads.commit(
            object_id, path, name, owner_id=self.user.id, on_conflict=RenameOnConflict()
        )
        committed = self.outcome(call)
        if committed is NotAFolder:
            return
        parent = self.made(path)
        self.place(parent, name, Node(committed.file.id, size))

    @rule(path=PATHS, name=NAMES)
    def rename_folder(self, path, name):
        """A folder gets another name."""
        parent, node = self.found(path)
        if parent is not None and node is not None and node.size is None:
            self.run(self.catalog.rename_folder(node.id, name))
            del parent.children[path[-1]]
            self.place(parent, name, node, keep_extension=False)

    @rule(path=PATHS)
    def delete(self, path):
        """A file or folder goes into the trash."""
        parent, node = self.found(path)
        if parent is None or node is None:
            return
        trashing = Trashing(user_id=self.user.id, keep_s=KEEP_S)
        delete = self.catalog.delete_folder if node.size is None else self.catalog.delete_file
        self.run(delete(node.id, trashing=trashing))
        del parent.children[path[-1]]
        self.trash.append(Deletion(node, path[-1], parent.id, path[:-1], self.clock() + KEEP_S))

    @rule(index=INDICES)
    def restore(self, index):
        """Something in the trash comes back to where it was."""
        if index >= len(self.trash):
            return
        deletion = self.trash[index]
        outcome = self.outcome(self.catalog.restore_trashed(self.user.id, deletion.key))
        target = self.by_id(deletion.origin_id)
        if target is None:
            if outcome is NotAFolder:
                return
            target = self.made(deletion.origin)
        self.trash.remove(deletion)
        is_file = deletion.node.size is not None
        self.place(target, deletion.name, deletion.node, keep_extension=is_file)

    @rule(index=INDICES)
    def discard(self, index):
        """Something in the trash goes for good."""
        if index < len(self.trash):
            deletion = self.trash.pop(index)
            self.run(self.catalog.discard_trashed(self.user.id, [deletion.key], limit=9))

    @rule(seconds=st.sampled_from([30.0, 60.0]))
    def wait(self, seconds):
        """Time passes, and what has expired goes."""
        self.clock.advance(seconds)
        self.trash = [each for each in self.trash if each.expires_at > self.clock()]

    @rule()
    def collect(self):
        """Files are deleted for good, few at a time; users store what is left."""
        while self.run(self.catalog.collect_trash(limit=2)):
            pass
        nodes = [self.root, *(deletion.node for deletion in self.trash)]
        files = [file for node in nodes for file in node.files()]
        storage = self.run(self.catalog.user_storage(self.user.id))
        assert (storage.used_bytes, storage.used_files) == (
            sum(file.size or 0 for file in files),
            len(files),
        )

    @invariant()
    def all_is_where_the_model_has_it(self):
        """Folders, files, counts and sizes, and what the trash shows, newest first."""
        self.run(self.compare(self.root))
        if not hasattr(self, "user"):
            return
        shown = self.run(self.catalog.trash_of(self.user.id, before=None, limit=100))
        assert [(item.key, item.name, item.size, item.files) for item in shown] == [
            (
                each.key,
                each.name,
                sum(file.size or 0 for file in each.node.files()),
                len(each.node.files()),
            )
            for each in reversed(self.trash)
        ]

    async def compare(self, node: Node) -> None:
        """A folder and all in it."""
        folders = await self.catalog.list_folders(node.id, offset=0, limit=100)
        files = await self.catalog.list_files(
            node.id, viewer_id=None, order=FileOrder.NAME, ascending=True, offset=0, limit=100
        )
        found = {each.folder.name: (each.folder.id, None) for each in folders}
        found |= {file.name: (file.id, file.size) for file in files}
        assert found == {name: (child.id, child.size) for name, child in node.children.items()}
        counts = await self.catalog.counts(node.id)
        assert (counts.files, counts.subfolders) == (len(files), len(folders))
        total = sum(file.size or 0 for file in node.files())
        assert sum((await self.catalog.usage_by_type(node.id)).values()) == total
        for child in node.children.values():
            if child.size is None:
                await self.compare(child)

    def found(self, path: FolderPath) -> tuple[Node | None, Node | None]:
        """What stands at a path, and the folder it lies in; the root lies in none."""
        parent, node = None, self.root
        for name in path:
            if name not in node.children:
                return None, None
            parent, node = node, node.children[name]
        return parent, node

    def by_id(self, folder_id: int) -> Node | None:
        """The folder of that id, if it is not in the trash."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            if node.size is None and node.id == folder_id:
                return node
            waiting += node.children.values()
        return None

    def made(self, path: FolderPath) -> Node:
        """The folder at a path, which the catalog has made where the model lacks it."""
        node = self.root
        for depth, name in enumerate(path, 1):
            if name not in node.children:
                folder = self.run(self.catalog.folder_at(path[:depth]))
                node.children[name] = Node(folder.id)
            node = node.children[name]
        return node

    def place(self, parent: Node, name: str, node: Node, *, keep_extension: bool = True) -> None:
        """Gives a node the first free form of a name in a folder."""
        for candidates in candidate_batches(name, keep_extension=keep_extension):
            if free := next((each for each in candidates if each not in parent.children), None):
                parent.children[free] = node
                return


def test_the_trash_is_that_of_a_naive_model(backend, clock, uploads_into):
    """After any sequence of changes all is where the model has it."""
    run_machine(Trash, backend, clock, uploads_into, examples=40)
