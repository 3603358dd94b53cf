"""Receivers as vendors' documents write them, in processes of their own: each verifies a request, or answers 401.

The documents' own handlers, with the frameworks around them (Express, Flask) replaced by what Python and Node bring
along. Both call the SDK without the key, `client.verify(body, signature)`; the SDK takes it between the two.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PYTHON = Path(__file__).parents[3] / ".venv-vendors/bin/python"

_PYTHON = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from retell import Retell

client = Retell(api_key=sys.argv[1])

class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        valid = client.verify(body, client.api_key, self.headers.get("X-Retell-Signature") or "")
        answer = b'{"handled": true}' if valid else b"Unauthorized"
        self.send_response(200 if valid else 401)
        self.send_header("Content-Type", "application/json" if valid else "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Endpoint)
print(server.server_address[1], flush=True)
server.serve_forever()
"""

#: The SDK for Node is not here: `verify` is what it does. The body is parsed and written again, as with Express.
_JAVASCRIPT = """
const crypto = require('crypto');
const http = require('http');
const apiKey = process.argv[1];
const verify = (body, key, header) => {
  const found = /^v=(\\d+),d=([0-9a-f]{64})$/.exec(header || '');
  if (!found || Math.abs(Date.now() - Number(found[1])) > 5 * 60 * 1000) return false;
  return crypto.createHmac('sha256', key).update(body + found[1]).digest('hex') === found[2];
};
const server = http.createServer(async (req, res) => {
  const parts = [];
  for await (const part of req) parts.push(part);
  const raw = Buffer.concat(parts).toString();
  const body = raw ? JSON.stringify(JSON.parse(raw)) : '';
  const valid = verify(body, apiKey, req.headers['x-retell-signature']);
  res.writeHead(valid ? 200 : 401, { 'content-type': valid ? 'application/json' : 'text/plain' });
  res.end(valid ? '{"handled": true}' : 'Unauthorized');
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


@contextmanager
def receiver(language: str, key: str) -> Iterator[str]:
    """Run a document's endpoint, which knows a key; gives its URL."""
    node = shutil.which("node")
    assert node, "these tests need Node: run `make setup`, or install nodejs"
    command = [str(PYTHON), "-c", _PYTHON, key] if language == "python" else [node, "-e", _JAVASCRIPT, key]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, "the receiver did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
