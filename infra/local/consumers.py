"""The event source mappings of one machine: each takes batches from a queue and calls its function with SQS events.

One thread long-polls; as many batches as the blueprint's `concurrency` are in work at a time. What fails comes again
after a back-off; when it has failed `max_receives` times the engine moves it to the dead letters.
"""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from infra.blueprint import FUNCTIONS, QUEUES
from infra.local.faults import describe
from infra.local.runtime import LocalFunction
from infra.local.sqs_events import failed_ids, sqs_event, to_keep
from waypost.errors import NotFound, StorageError
from waypost.ports import Queue, Queues, Received

log = logging.getLogger("waypost.consumers")

POLL_SECONDS = 1.0  # how soon a consumer notices that it should stop; an empty poll costs nothing in between
FIRST_BACK_OFF_SECONDS = 1


class Consumer:
    """One queue and the function behind it."""

    def __init__(self, function: LocalFunction, queue: Queue, *, fifo: bool, visibility_seconds: int) -> None:
        self._function = function
        self._name = function.function.source
        self._queue = queue
        self._fifo = fifo
        self._visibility = visibility_seconds
        self._slots = threading.Semaphore(function.function.concurrency)
        self._pool = ThreadPoolExecutor(function.function.concurrency, thread_name_prefix=self._name)
        self._stopping = threading.Event()
        self._poller = threading.Thread(target=self._poll, name=f"{self._name}-poller", daemon=True)
        self.errors = 0

    def start(self) -> None:
        self._poller.start()

    def stop(self) -> None:
        """Take no more and wait for what is in work."""
        self._stopping.set()
        self._poller.join()
        self._pool.shutdown()

    def _poll(self) -> None:
        while not self._stopping.is_set():
            if not self._slots.acquire(timeout=POLL_SECONDS):
                continue
            batch = self._receive()
            if batch:
                self._pool.submit(self._work, batch).add_done_callback(self._release)
            else:
                self._slots.release()

    def _release(self, _: Future[None]) -> None:
        self._slots.release()

    def _receive(self) -> list[Received]:
        try:
            return self._queue.receive(limit=self._function.function.batch, wait_seconds=POLL_SECONDS)
        except StorageError as error:
            self._count(f"queue {self._name} gave nothing: {describe(error)}")
            self._stopping.wait(FIRST_BACK_OFF_SECONDS)
            return []

    def _work(self, batch: Sequence[Received]) -> None:
        try:
            kept = to_keep(batch, self._call(batch), fifo=self._fifo)
            for message in batch:
                if message not in kept:
                    self._queue.delete(message.receipt)
            for message in kept:
                self._retry_later(message)
        except Exception as error:  # what was not deleted comes again by itself
            self._count(f"queue {self._name}: {describe(error)}")

    def _call(self, batch: Sequence[Received]) -> set[str]:
        """The ids that failed; all of them when the handler raised."""
        try:
            failed = failed_ids(self._function(sqs_event(self._name, batch, fifo=self._fifo)))
        except Exception as error:
            failed = {message.message_id for message in batch}
            self._count(f"{self._function.function.name} raised {describe(error)}")
        if failed:
            log.warning("%s: %s of %s messages failed", self._name, len(failed), len(batch))
        return failed

    def _retry_later(self, message: Received) -> None:
        with suppress(NotFound):  # its visibility ended meanwhile: it is on its way again already
            self._queue.change_visibility(message.receipt, back_off(message.receive_count, self._visibility))

    def _count(self, what: str) -> None:
        self.errors += 1
        log.error("%s (error %s)", what, self.errors)


def back_off(receive_count: int, visibility_seconds: int) -> int:
    """Seconds until the next try: doubled each time, up to the queue's visibility, which is what the cloud waits."""
    return int(min(visibility_seconds, FIRST_BACK_OFF_SECONDS * 2 ** min(receive_count - 1, 16)))


def consumers(functions: dict[str, LocalFunction], queues: Queues) -> list[Consumer]:
    """A consumer for each function of the blueprint that a queue triggers."""
    specs = {queue.name: queue for queue in QUEUES}
    return [
        Consumer(
            functions[function.name],
            queues.queue(function.source),
            fifo=specs[function.source].fifo,
            visibility_seconds=specs[function.source].visibility_seconds,
        )
        for function in FUNCTIONS
        if function.trigger == "queue"
    ]
