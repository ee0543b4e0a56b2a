"""Servers, one a port, that say what they were asked: server.py PORT…"""
import http.server
import sys
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.server.server_port, self.path, self.headers["Host"], self.headers["User-Agent"], flush=True)
        to = {"/same": "/well", "/to-failure": "/503", "/loop": "/loop", "/elsewhere": "http://other.example/x"}
        code = 302 if self.path in to else int(self.path[1:]) if self.path[1:].isdigit() else 200
        self.send_response(code)
        if self.path in to:
            self.send_header("Location", to[self.path])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


for port in sys.argv[1:]:
    server = http.server.ThreadingHTTPServer(("", int(port)), Handler)
    threading.Thread(target=server.serve_forever).start()
time.sleep(100000)
