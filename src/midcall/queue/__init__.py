"""The queue: RQ over Redis wakes workers, a Redis stream wakes who waits; the database decides."""
