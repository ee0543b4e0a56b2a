import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"well\n")


http.server.ThreadingHTTPServer(("", int(sys.argv[2])), Handler).serve_forever()
