"""Names in Redis, and the queues there are."""

from midcall.domain.invocation import Purpose

#: RQ's queues, most urgent first: a worker that serves several looks at them in this order.
LIVE, TEST, BACKGROUND = "midcall-live", "midcall-test", "midcall-background"
QUEUES = (LIVE, TEST, BACKGROUND)

QUEUE_OF = {Purpose.LIVE: LIVE, Purpose.TEST: TEST, Purpose.BACKGROUND: BACKGROUND}

#: One stream for all wakes: each api process reads it once, and hands each wake to who waits for it.
WAKES = "midcall:wakes"
#: Wakes are hints; old ones help nobody.
WAKES_KEPT = 10_000
WAKE_FIELD = b"id"
