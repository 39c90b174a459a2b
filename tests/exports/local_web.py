"""Servers of the tests' own: one that speaks TLS, and our application for urllib."""

import datetime
import io
import ssl
import threading
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import BaseHandler, build_opener
from urllib.response import addinfourl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import Client


def make_certificate(directory):
    """A key and a certificate for localhost, that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(tz=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (directory / "certificate.pem").write_bytes(pem)
    (directory / "both.pem").write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return directory / "certificate.pem", directory / "both.pem"


class Web:
    """What arrived, and what is answered to it."""

    def __init__(self, url):
        self.url = url
        self.asked = []
        self.status = 200
        self.headers = {}
        self.body = b"ok"
        self.seconds = threading.Event()
        self.wait = 0.0


@contextmanager
def tls_server(both):
    """A server on localhost; `Web` says what it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers.get("Content-Length", 0))
            web.asked.append((self.path, dict(self.headers), self.rfile.read(length)))
            web.seconds.wait(web.wait)
            self.send_response(web.status)
            for name, value in web.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(web.body)

        do_GET = do_POST  # noqa: N815 - the library's names

        def log_message(self, *_args):
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args):
            """A client that hangs up is part of the test."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    web = Web(f"https://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.seconds.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Ours(BaseHandler):
    """Our application as urllib's server; `break_after` cuts replies off once each."""

    # Before the handler that would open a socket.
    handler_order = 100

    def __init__(self):
        self.asked = []
        self.break_after = {}
        self.change = {}

    def http_open(self, request):
        client = Client(headers=dict(request.header_items()))
        path = request.selector
        self.asked.append((path, request.get_header("Range")))
        response = client.get(path)
        body = b"".join(response) if response.streaming else response.content
        for part, changed in self.change.items():
            if part in path:
                body = changed(body)
        n_bytes = next((n for p, n in self.break_after.items() if p in path), None)
        if n_bytes is not None:
            self.break_after = {
                p: n for p, n in self.break_after.items() if p not in path
            }
            body = body[:n_bytes]
        headers = Message()
        for name, value in response.headers.items():
            headers[name] = value
        answer = addinfourl(
            io.BytesIO(body), headers, request.full_url, response.status_code
        )
        answer.msg = response.reason_phrase
        return answer


def connect(service, ours):
    """Let a client's `Service` speak to our application instead of the network."""
    service._opener = build_opener(ours)
    return service
