"""A client of the form of MicroPython's umqtt.simple, for CPython: MQTT 3.1.1 over a socket, QoS 0 and 1."""

import select
import socket
import struct


class MQTTException(Exception):
    pass


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("!H", len(data)) + data


def length_of(count):
    out = b""
    while True:
        count, byte = divmod(count, 128)
        out += bytes([byte | (0x80 if count else 0)])
        if not count:
            return out


class MQTTClient:
    def __init__(
        self, client_id, server, port=0, user=None, password=None, keepalive=0, ssl=None
    ):
        self.client_id = client_id
        self.address = (server, port or (8883 if ssl else 1883))
        self.user, self.password = user, password
        self.keepalive, self.ssl = keepalive, ssl
        self.pid = 0
        self.callback = None

    def _send(self, kind, body):
        self.sock.sendall(bytes([kind]) + length_of(len(body)) + body)

    def _read(self, count):
        data = b""
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                raise OSError(-1)
            data += piece
        return data

    def _packet(self):
        kind, count, shift = self._read(1)[0], 0, 0
        while True:
            byte = self._read(1)[0]
            count |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return kind, self._read(count)

    def _next_id(self):
        self.pid = self.pid % 65535 + 1
        return struct.pack("!H", self.pid)

    def set_callback(self, callback):
        self.callback = callback

    def connect(self, clean_session=True):
        self.sock = socket.create_connection(self.address)
        flags, fields = 2 if clean_session else 0, text(self.client_id)
        if self.user is not None:
            flags |= 0xC0
            fields += text(self.user) + text(self.password)
        head = text("MQTT") + bytes([4, flags]) + struct.pack("!H", self.keepalive)
        self._send(0x10, head + fields)
        kind, body = self._packet()
        if kind != 0x20 or body[1] != 0:
            raise MQTTException(body[1])
        return bool(body[0] & 1)

    def disconnect(self):
        self._send(0xE0, b"")
        self.sock.close()

    def ping(self):
        self._send(0xC0, b"")

    def publish(self, topic, msg, retain=False, qos=0):
        pid = self._next_id() if qos else b""
        data = msg if isinstance(msg, bytes) else msg.encode()
        self._send(0x30 | qos << 1 | retain, text(topic) + pid + data)
        while qos:
            kind, body = self._handle()
            if kind == 0x40 and body == pid:
                return

    def subscribe(self, topic, qos=0):
        pid = self._next_id()
        self._send(0x82, pid + text(topic) + bytes([qos]))
        while True:
            kind, body = self._handle()
            if kind == 0x90 and body[:2] == pid:
                if body[2] == 0x80:
                    raise MQTTException(body[2])
                return

    def _handle(self):
        kind, body = self._packet()
        if kind & 0xF0 == 0x30:
            end = 2 + struct.unpack("!H", body[:2])[0]
            topic, rest = body[2:end], body[end:]
            if kind & 0x06:
                pid, rest = rest[:2], rest[2:]
            self.callback(topic, rest)
            if kind & 0x06:
                self._send(0x40, pid)
        return kind, body

    def wait_msg(self):
        self._handle()

    def check_msg(self):
        if select.select([self.sock], [], [], 0)[0]:
            self._handle()
