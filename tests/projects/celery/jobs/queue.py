import os

from celery import Celery

queue = Celery("jobs", broker=os.environ.get("BROKER", "redis://queue:6379/0"))


@queue.task
def add(a: int, b: int) -> int:
    return a + b
