"""nbclient, with three habits of ours: it echoes, it asks the kernel, it passes Ctrl-C on."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import signal
import sys
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

# Evaluated in the kernel after an error, without a trace in its history or its names.
QUESTION = "__import__('tfviz.doctor.live.ipython', fromlist=['ipython']).examined_in_kernel()"
# A kernel that just failed turns away the requests that were waiting behind the failed cell.
MOST_TRIES = 5


class WatchedClient(NotebookClient):
    """Runs a notebook.

    Attributes:
        failed: The cell that ended the run, None when all went well.
        examined: What the kernel said of its error: `text` and `examination`; empty when it could
            not be asked.
        exit_code: Of a kernel that died: negative for a signal; None while it lives.
        interrupted: Whether Ctrl-C ended the run.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.failed: Any = None
        self.examined: dict[str, Any] = {}
        self.exit_code: int | None = None
        self.interrupted = False

    async def async_execute_cell(
        self,
        cell: Any,
        cell_index: int,
        execution_count: int | None = None,
        store_history: bool = True,
    ) -> Any:
        """Execute one cell; of an error or a death note what can be known before passing it on."""
        self._watch_interrupts()
        try:
            return await super().async_execute_cell(
                cell, cell_index, execution_count, store_history
            )
        except CellExecutionError:
            self.failed = cell
            if not self.interrupted:
                await self._ask()
            raise
        except DeadKernelError:
            self.failed = cell
            provisioner = getattr(self.km, "provisioner", None)
            self.exit_code = None if provisioner is None else await provisioner.poll()
            raise

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: Any) -> Any:
        """Keep an output; show at once what is printed."""
        if msg["msg_type"] == "stream":
            stream = sys.stderr if msg["content"]["name"] == "stderr" else sys.stdout
            stream.write(msg["content"]["text"])
            stream.flush()
        return super().output(outs, msg, display_id, cell_index)

    async def _ask(self) -> None:
        client: Any = self.kc
        reply: Any = None
        for _ in range(MOST_TRIES):
            request = client.execute(
                "", silent=True, store_history=False, user_expressions={"tfviz": QUESTION}
            )
            reply = await self.async_wait_for_reply(request)
            if reply is None or reply["content"]["status"] != "aborted":
                break
            await asyncio.sleep(0.05)
        with contextlib.suppress(KeyError, TypeError, ValueError, SyntaxError):
            said = reply["content"]["user_expressions"]["tfviz"]["data"]["text/plain"]
            self.examined = json.loads(ast.literal_eval(said))

    def _watch_interrupts(self) -> None:
        """Ctrl-C interrupts the cell, as the stop button does, in place of ending the kernel."""
        with contextlib.suppress(RuntimeError):  # Windows, or not the main thread
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGINT, self._interrupt)

    def _interrupt(self) -> None:
        self.interrupted = True
        manager: Any = self.km
        self._interrupting = asyncio.ensure_future(manager.interrupt_kernel())
