"""The program that the conformance kit tests: npx parley conformance --run "python3 examples/conformance.py"."""

import asyncio
import os

from parley_client import Action, Microphone, ParleyClient, ParleyError, Speaker


async def main() -> None:
    client = ParleyClient(
        os.environ["PARLEY_URL"], token=os.environ.get("PARLEY_TOKEN"), microphone=Microphone(), speaker=Speaker()
    )

    @client.on_action("wave")
    async def wave(action: Action) -> dict[str, int]:
        return {"times": action.args["times"]}

    @client.on_action("fail")
    async def fail(action: Action) -> None:
        raise RuntimeError("something is in the way")

    @client.on_action("slow")
    async def slow(action: Action) -> None:
        while True:
            await asyncio.sleep(0.2)
            await action.may_move()
            await action.progress("still at it")

    async with client:
        await client.closed()


try:
    asyncio.run(main())
except ParleyError as error:
    print(error)
