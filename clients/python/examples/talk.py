"""Talks with a Parley server over this machine's microphone and loudspeaker, or over WAV files.

    python3 examples/talk.py ws://127.0.0.1:7400
    python3 examples/talk.py ws://127.0.0.1:7400 question.wav answer.wav
"""

import asyncio
import sys

from parley_client import Action, DeviceMicrophone, DeviceSpeaker, ParleyClient, Refused, WavMicrophone, WavSpeaker


async def main(url: str, question: str = "", answer: str = "reply.wav") -> None:
    if question:
        client = ParleyClient(url, microphone=WavMicrophone(question), speaker=WavSpeaker(answer))
    else:
        try:
            client = ParleyClient(url, microphone=DeviceMicrophone(), speaker=DeviceSpeaker())
        except RuntimeError as error:
            sys.exit(f"{error}: talk.py {url} question.wav answer.wav")

    @client.on_action("go-forward")
    async def go_forward(action: Action) -> dict[str, float]:
        if action.args["distance"] > 5:
            raise Refused("that is too far")
        await action.progress("on my way")
        await asyncio.sleep(0.5)  # Here the robot moves. CancelledError is raised here if it must stop.
        return {"moved": action.args["distance"]}

    async with client:
        async for event in client.events():
            if event["type"] == "transcript" and event["final"]:
                print("you:", event["text"])
            elif event["type"] == "action":
                print("action:", event["name"], event["status"])
            elif event["type"] == "reply.end":
                print("robot:", event["heard"], f"({event['reason']})")
                if question:
                    break
            elif event["type"] == "error":
                print(event["code"], event["message"], file=sys.stderr)


asyncio.run(main(*sys.argv[1:]))
