"""A server: serve.py [STATUS [SECONDS-BEFORE-IT-LISTENS [SECONDS-BEFORE-IT-ANSWERS]]]"""
import http.server
import sys
import time

status, start, answer = [int(word) for word in sys.argv[1:]] + [200, 0, 0][len(sys.argv) - 1:]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(answer)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"the database is down")

    def log_message(self, *arguments):
        pass


time.sleep(start)
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
