"""The event loop of the server programs: uvloop with `sendfile`, but for how names are looked up.

getaddrinfo(3) cannot be cancelled. Where no name server answers, as at a stop of a whole deployment, it
takes tens of seconds (`timeout` and `attempts` of resolv.conf(5), for each search domain). uvloop calls it in
a thread of libuv, and waits for that when the loop is closed: a program that has ended in an orderly way
would be taken for one that hangs. So lookups run in threads that nothing waits for.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

from common.sendfile_loop import SendfileLoop


class ServerLoop(SendfileLoop):
    """A loop that is closed at once, whatever is looked up."""

    async def getaddrinfo(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as in asyncio
        """Look a name up, as `socket.getaddrinfo` does.

        A thread each: aiohttp asks for a name once at a time, and there are few names.

        Raises:
            OSError: There is no such name, or no name server has answered.
        """
        found: asyncio.Future[Any] = self.create_future()

        def look_up() -> None:
            try:
                addresses = socket.getaddrinfo(*arguments, **options)
            except OSError as error:
                self._hand_over(found, found.set_exception, error)
            else:
                self._hand_over(found, found.set_result, addresses)

        threading.Thread(target=look_up, name="name lookup", daemon=True).start()
        return await found

    def _hand_over(
        self, found: asyncio.Future[Any], enter: Callable[[Any], None], outcome: object
    ) -> None:
        def enter_unless_cancelled() -> None:
            if not found.done():
                enter(outcome)

        # The loop may be closed by now.
        with contextlib.suppress(RuntimeError):
            self.call_soon_threadsafe(enter_unless_cancelled)
