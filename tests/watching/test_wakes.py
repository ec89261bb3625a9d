"""A request for a look is found once, by whoever waits, and never lost."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from pushtune.watching.wakes import WakeBoard, ask_for_look, wakes_folder

PATIENCE_SECONDS = 30


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, PATIENCE_SECONDS))


def test_a_pause_ends_early_when_a_look_is_asked_for(tmp_path: Path) -> None:
    async def test() -> None:
        board = WakeBoard(tmp_path)
        first = asyncio.ensure_future(board.pause("digits", 3600))
        other = asyncio.ensure_future(board.pause("other", 3600))
        await asyncio.sleep(0.1)
        ask_for_look(tmp_path, "digits")
        assert await first
        assert not other.done()
        assert list(wakes_folder(tmp_path).iterdir()) == []
        other.cancel()

    run(test())


def test_a_pause_ends_by_itself(tmp_path: Path) -> None:
    async def test() -> None:
        board = WakeBoard(tmp_path)
        ask_for_look(tmp_path, "unknown")
        assert not await board.pause("digits", 0.05)
        assert not await board.pause("digits", 0.7)
        assert [path.name for path in wakes_folder(tmp_path).iterdir()] == ["unknown"]

    run(test())


def test_a_request_during_a_look_is_found_by_the_next_pause(tmp_path: Path) -> None:
    async def test() -> None:
        board = WakeBoard(tmp_path)
        for _ in range(3):
            ask_for_look(tmp_path, "digits")
            ask_for_look(tmp_path, "digits")
            assert await board.pause("digits", 3600)

    run(test())


def test_two_that_wait_for_the_same_are_both_told(tmp_path: Path) -> None:
    async def test() -> None:
        board = WakeBoard(tmp_path)
        waiting = [asyncio.ensure_future(board.pause("digits", 3600)) for _ in range(2)]
        await asyncio.sleep(0.1)
        ask_for_look(tmp_path, "digits")
        assert await asyncio.gather(*waiting) == [True, True]

    run(test())


def test_a_board_serves_one_event_loop_after_another(tmp_path: Path) -> None:
    board = WakeBoard(tmp_path)
    for _ in range(2):
        ask_for_look(tmp_path, "digits")
        assert asyncio.run(asyncio.wait_for(board.pause("digits", 3600), PATIENCE_SECONDS))
