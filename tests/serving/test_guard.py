"""The guard before an application that notes what reaches it. What it refuses is tested with the whole server."""

import asyncio
from typing import Any

from components.serving.guard import Guard
from components.serving.scoring import Limits

BODY = b'{"inputs": ["%d"]}'
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/invocations",
    "headers": [(b"content-type", b"application/json")],
}


def test_who_has_gone_while_he_waited_is_not_translated() -> None:
    reached: list[bytes] = []
    first_may_end = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        reached.append((await receive())["body"])
        await first_may_end.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def ask(guard: Guard, number: int, gone: asyncio.Event) -> list[Any]:
        messages = iter([{"type": "http.request", "body": BODY % number}])
        answer: list[Any] = []

        async def receive() -> Any:
            if message := next(messages, None):
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answer.append(message)

        await guard(SCOPE, receive, send)
        return answer

    async def three() -> list[list[Any]]:
        guard = Guard(application, "model", Limits(), slots=1, check=lambda options: None)
        gone, stays = asyncio.Event(), asyncio.Event()
        asking = [asyncio.create_task(ask(guard, n, gone if n == 1 else stays)) for n in range(3)]
        await asyncio.sleep(0.05)
        gone.set()
        await asyncio.sleep(0.05)
        first_may_end.set()
        return await asyncio.gather(*asking)

    first, second, third = asyncio.run(three())
    assert [b'"0"' in reached[0], b'"2"' in reached[1], len(reached)] == [True, True, 2]
    assert first[0]["status"] == third[0]["status"] == 200
    assert second == []
