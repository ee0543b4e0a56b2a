import signal
import sys
import time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    print("at work on", sys.argv[1], flush=True)
    time.sleep(5)
