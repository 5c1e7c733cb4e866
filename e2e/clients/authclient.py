"""A client with auth.* messages, written from docs/protocol.md alone.

Commands come as JSON lines on stdin: {"url", "token", "frame" or "subprotocol",
"headers"}, {"send"}, {"refresh"}, {"logout"}, {"close"}. What happens goes to
stdout, as JSON lines: {"open"}, {"auth"}, {"message"}, {"plain"}, {"kept"},
{"close", "reason", "next"}.
"""

import asyncio
import json
import sys

import websockets

PLAIN_AFTER = 3.0  # seconds without auth.ok

# What the table of refusals says a client should do, by the close reason.
NEXT = {
    "AUTH_REQUIRED": "token",
    "TOKEN_INVALID": "token once, then log in",
    "TOKEN_EXPIRED": "token",
    "USER_NOT_FOUND": "sign out",
    "SESSION_REVOKED": "sign out",
    "FORBIDDEN": "stop",
    "RATE_LIMITED": "back off",
    "BAD_FRAME": "stop",
    "MESSAGE_TOO_BIG": "stop",
    "AUTH_UNAVAILABLE": "back off",
    "UPSTREAM_UNAVAILABLE": "back off",
    "DRAINING": "come again",
}


def say(**event):
    print(json.dumps(event), flush=True)


class Client:
    """One connection."""

    def __init__(self):
        self.socket = None
        self.channel = None  # of the first auth.ok
        self.plain = False
        self.refused = False  # by an auth.error before auth.ok
        self.tasks = []

    async def connect(self, c):
        offered = c.get("protocols", [])
        if c.get("subprotocol"):
            offered = offered + ["syncward.v1"]
        self.socket = await websockets.connect(
            c["url"], subprotocols=offered or None, extra_headers=c.get("headers") or {}
        )
        say(open=self.socket.subprotocol or "")
        if c.get("frame"):
            init = {"type": "init", "instanceId": "test-123", "authProtocol": 1}
            if c.get("token"):
                init["authToken"] = c["token"]
            await self.socket.send(json.dumps(init))
        self.tasks = [asyncio.create_task(self.read()), asyncio.create_task(self.watch())]

    async def watch(self):
        await asyncio.sleep(PLAIN_AFTER)
        if self.channel is None and not self.refused:
            self.go_plain()

    def go_plain(self):
        if not self.plain:
            self.plain = True
            say(plain=True)

    async def read(self):
        try:
            async for message in self.socket:
                self.take(message)
        except websockets.exceptions.ConnectionClosedError:
            pass
        reason = self.socket.close_reason
        say(close=self.socket.close_code, reason=reason, next=NEXT.get(reason, "back off"))

    def take(self, message):
        auth = self.ours(message)
        if auth is None:
            if self.channel is None:
                self.go_plain()  # the sync server speaks: nobody stands before it
            say(message=message)
            return
        if self.channel is None and auth["type"] == "auth.ok":
            self.channel = auth["channel"]
        elif self.channel is None:
            self.refused = True
        say(auth=auth)

    def ours(self, message):
        """The channel rule."""
        if self.plain or not isinstance(message, str):
            return None
        try:
            auth = json.loads(message)
        except ValueError:
            return None
        if not isinstance(auth, dict) or not str(auth.get("type", "")).startswith("auth."):
            return None
        if self.channel is None:
            return auth if auth["type"] in ("auth.ok", "auth.error") else None
        return auth if auth.get("channel") == self.channel else None

    async def ask(self, message):
        """Sends a message for Syncward, where there is one."""
        if self.channel is None:
            say(kept=message["type"])
            return
        await self.socket.send(json.dumps(message))


async def commands():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield json.loads(line)


async def main():
    client = Client()
    async for c in commands():
        if "url" in c:
            await client.connect(c)
        elif "send" in c:
            await client.socket.send(c["send"])
        elif "refresh" in c:
            await client.ask({"type": "auth.refresh", "authToken": c["refresh"]})
        elif "logout" in c:
            await client.ask({"type": "auth.logout"})
        else:
            await client.socket.close(c["close"])
    for task in client.tasks:
        task.cancel()


asyncio.run(main())
