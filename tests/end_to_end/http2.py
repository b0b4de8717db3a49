"""As much of HTTP/2 as it takes to make a gRPC call by hand."""

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS = 0, 1, 4
_END_HEADERS = 4


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _text(value):
    """A string literal of HPACK (RFC 7541, 5.2), without Huffman's code."""
    data = value.encode()
    if len(data) < 127:
        return bytes([len(data)]) + data
    length, rest = b"\x7f", len(data) - 127
    while rest >= 128:
        length += bytes([rest % 128 + 128])
        rest //= 128
    return length + bytes([rest]) + data


def call(path, metadata, message):
    """The bytes of a connection on which one call is made and one message is sent."""
    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "127.0.0.1",
               "content-type": "application/grpc", "te": "trailers", **metadata}
    # Literals without indexing (RFC 7541, 6.2.2).
    block = b"".join(b"\x00" + _text(name) + _text(value) for name, value in headers.items())
    body = b"\x00" + struct.pack(">I", len(message)) + message
    return (PREFACE + frame(_SETTINGS, 0, 0, b"") + frame(_HEADERS, _END_HEADERS, 1, block) +
            frame(_DATA, 0, 1, body))
