"""The robot's side of a conversation: type what a user would say. For a microphone and a loudspeaker see docs/how-to/clients.md."""

import asyncio
import os
import sys

from parley_client import Action, ParleyClient


async def turn(action: Action) -> None:
    print(f"  (motors: turning {action.args['direction']})")
    await asyncio.sleep(1)  # Your motors here. asyncio.CancelledError is raised here when they must stop.


async def wave(action: Action) -> None:
    print("  (arm: waving)")
    await asyncio.sleep(1)


# What the robot can do: the name of an action in robot.dialog.yaml, and the function that does it.
SKILLS = {"turn": turn, "wave": wave}


async def main() -> None:
    url = os.environ.get("PARLEY_URL", "http://127.0.0.1:7400")
    client = ParleyClient(url, token=os.environ.get("PARLEY_TOKEN"))
    for name, skill in SKILLS.items():
        client.on_action(name)(skill)

    @client.on("reply.end")
    def said(message) -> None:
        print(f"robot: {message['heard']}")

    @client.on("error")
    def failed(message) -> None:
        print(f"error: {message['code']} {message['message']}")

    async with client:
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip():
                await client.text(line.strip())


if __name__ == "__main__":
    asyncio.run(main())
