"""The way to one region: a TCP port that stays while the server behind it comes and goes, and that misbehaves as a test says.

A fault counts from its call on: what is connected then is cut off, and every later connection has it, until open(). Bytes are those of the
region's answers, counted anew in each connection.
"""
import contextlib
import socket
import struct
import threading
import time

PIECE = 1 << 16


def reset(connection):
    """Ends it with a TCP reset."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class Over(Exception):
    """The connection is to end here."""


class Gate:
    def __init__(self):
        self.place = self._bound(0)  # never listens: while nobody else does, the port refuses
        self.port = self.place.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.target = None  # (host, port) of the server
        self.listener, self.fault, self.ends = None, None, set()
        self.longest = 0  # most bytes that a connection carried one way, since the last change
        self.heard = None  # a list: takes the calls' bytes, one entry a connection
        self.lock, self.changed = threading.Lock(), threading.Event()

    # --- how it behaves

    def open(self):
        """Passes everything on."""
        self._become(None)

    def refuse(self):
        """Nobody listens."""
        with self.lock:
            listener, self.listener = self.listener, None
            ends = self._taken()
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes who waits for a connection
            listener.close()
        for end in ends:
            reset(end)

    def stall(self):
        """Takes connections and never answers."""
        def fault(send, piece, sent):
            self.changed.wait(600)
            raise Over
        self._become(fault)

    def cut(self, after):
        """A reset after that many bytes."""
        def fault(send, piece, sent):
            send(piece[:max(0, after - sent)])
            if sent + len(piece) >= after:
                raise Over
        self._become(fault)

    def answer(self, garbage):
        """These bytes in place of the answer, then the end."""
        def fault(send, piece, sent):
            send(garbage)
            raise Over
        self._become(fault)

    def flip(self, every):
        """One bit of each such byte is wrong."""
        def fault(send, piece, sent):
            changed = bytearray(piece)
            for n in range((-1 - sent) % every, len(piece), every):
                changed[n] ^= 0x04
            send(changed)
        self._become(fault)

    def slow(self, bytes_per_second):
        def fault(send, piece, sent):
            step = max(1, bytes_per_second // 20)
            for n in range(0, len(piece), step):
                time.sleep(len(piece[n:n + step]) / bytes_per_second)
                send(piece[n:n + step])
        self._become(fault)

    def at(self, count, action):
        """When a connection has carried so many bytes: `action`, once, and nothing more comes out of that connection."""
        once = threading.Lock()

        def fault(send, piece, sent):
            send(piece[:max(0, count - sent)])
            if sent + len(piece) >= count:
                if once.acquire(blocking=False):
                    action()
                raise Over
        self._become(fault)

    def close(self):
        self.refuse()
        self.place.close()

    # --- inside

    def _bound(self, port):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(("127.0.0.1", port))
        return made

    def _taken(self):
        """With the lock held: what is connected, to be ended."""
        ends, self.ends = self.ends, set()
        changed, self.changed = self.changed, threading.Event()
        changed.set()
        return ends

    def _become(self, fault):
        with self.lock:
            self.fault, self.longest = fault, 0
            ends = self._taken()
            if self.listener is None:
                self.listener = self._bound(self.port)
                self.listener.listen(64)
                threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        for end in ends:
            reset(end)

    def _accept(self, listener):
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(caller,), daemon=True).start()

    def _pass_on(self, caller):
        try:
            region = socket.create_connection(self.target, timeout=10)
        except (OSError, TypeError):
            return reset(caller)
        region.settimeout(None)
        for end in (caller, region):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            fault = self.fault
            self.ends |= {caller, region}
        threading.Thread(target=self._copy, args=(caller, region, self._listening()), daemon=True).start()
        end = socket.socket.close if self._copy(region, caller, fault) else reset
        with self.lock:
            self.ends -= {caller, region}
        end(caller)
        end(region)

    def _listening(self):
        if self.heard is None:
            return None
        call = bytearray()
        self.heard.append(call)

        def keep(send, piece, sent):
            call.extend(piece)
            send(piece)
        return keep

    def _copy(self, source, sink, fault):
        """Until the source's end: true. False: it was cut off."""
        sent = 0
        try:
            while piece := source.recv(PIECE):
                if fault is None:
                    sink.sendall(piece)
                else:
                    fault(sink.sendall, piece, sent)
                sent += len(piece)
                self.longest = max(self.longest, sent)
            sink.shutdown(socket.SHUT_WR)
            return True
        except (OSError, Over):
            return False
