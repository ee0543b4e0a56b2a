import os

from redis import Redis
from rq import Queue

queue = Queue("mail", connection=Redis.from_url(os.environ.get("RQ_REDIS_URL", "redis://queue:6379/0")))


def send(to: str) -> str:
    return f"sent to {to}"


def later(to: str) -> None:
    queue.enqueue(send, to)
