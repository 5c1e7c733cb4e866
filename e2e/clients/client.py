"""A WebSocket client on Python's websockets, driven as client.mjs is."""

import asyncio
import json
import sys

import websockets


def say(event):
    print(json.dumps(event), flush=True)


async def follow(socket):
    try:
        async for message in socket:
            say({"message": message})
    except websockets.exceptions.ConnectionClosedError:
        pass
    say({"close": socket.close_code, "reason": socket.close_reason})


async def commands():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield json.loads(line)


async def connect(command):
    # Debian 12 has websockets 10, where the option is extra_headers.
    try:
        return await websockets.connect(
            command["url"],
            subprotocols=command.get("protocols") or None,
            extra_headers=command.get("headers") or {},
        )
    except websockets.exceptions.InvalidStatusCode as refusal:
        say({"refused": refusal.status_code})
        return None


async def main():
    socket = None
    following = None
    async for command in commands():
        if "url" in command:
            socket = await connect(command)
            if socket is not None:
                say({"open": socket.subprotocol or ""})
                following = asyncio.create_task(follow(socket))
        elif "send" in command:
            await socket.send(command["send"])
        else:
            await socket.close(command["close"])
    if following is not None:
        following.cancel()


asyncio.run(main())
