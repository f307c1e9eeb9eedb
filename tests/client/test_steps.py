"""Steps: cancelled at most once each, and none begins after a stop."""

import asyncio

import pytest

from hs_notebook.client.steps import Steps, Stopped


async def value():
    return 7


class Stubborn:
    """A wait that counts its cancels, and takes its time to end."""

    def __init__(self):
        self.cancels = 0
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def wait(self):
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancels += 1
            while not self.may_end.is_set():
                try:
                    await self.may_end.wait()
                except asyncio.CancelledError:
                    self.cancels += 1
            raise


def test_a_step_gives_its_result_and_its_error():
    async def main():
        steps = Steps()
        assert await steps.take(value()) == 7
        with pytest.raises(ZeroDivisionError):
            await steps.take(fail())

    async def fail():
        return 1 / 0

    asyncio.run(main())


@pytest.mark.parametrize(
    "ends", [("cancel", "cancel"), ("cancel", "stop"), ("stop", "stop"), ("stop", "cancel")]
)
def test_it_is_cancelled_once_whoever_asks(ends):
    async def main():
        steps, stubborn = Steps(), Stubborn()
        taking = asyncio.ensure_future(steps.take(stubborn.wait()))
        await stubborn.begun.wait()
        for end in ends:
            getattr(steps, end)()
            await asyncio.sleep(0)
        stubborn.may_end.set()
        with pytest.raises(Stopped):
            await taking
        assert stubborn.cancels == 1
        if "stop" in ends:
            with pytest.raises(Stopped):
                await steps.take(value())  # closed, so nothing warns that it was never awaited
        else:
            assert await steps.take(value()) == 7

    asyncio.run(main())
