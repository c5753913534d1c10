"""A STOMP broker in a thread, for the demo of the gateway: coilmq, with its messages in memory."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pandadb.gateway.broker.library import library

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


@contextmanager
def demo_broker() -> Iterator[str]:
    """Run a broker on a free port of this machine; yield its URL.

    Raises:
        StompMissing: coilmq is not installed.
    """
    logging.getLogger("coilmq").setLevel(logging.CRITICAL)
    queues = library("coilmq.queue").QueueManager(library("coilmq.store.memory").MemoryQueue())
    topics = library("coilmq.topic").TopicManager()
    made = library("coilmq.server.socket_server").ThreadedStompServer(
        (HOST, 0), timeout=0.2, queue_manager=queues, topic_manager=topics
    )
    made.daemon_threads, made.block_on_close = True, False
    thread = threading.Thread(target=made.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield f"stomp://{HOST}:{made.server_address[1]}"
    finally:
        made.shutdown()
        made.server_close()
        thread.join()
