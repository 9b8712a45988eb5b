"""The command line of the simulator."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from fastapi import FastAPI

from tests.fakes.faults import server_for
from tests.fakes.simulator.app import Simulator
from tests.fakes.simulator.platforms import Keeper, Platforms


async def serve(port: int, gateway: str | None, keep: Path | None) -> None:
    """Serves until interrupted.

    Args:
        gateway: where the accounts are to be connected; None for nowhere.
        keep: where what was said is kept over a restart; None for nowhere.
    """
    platforms = Platforms()
    origin = f"http://127.0.0.1:{port}"
    simulator = Simulator(platforms, origin, gateway)
    app: FastAPI = simulator.app
    server = server_for(app, port)
    platforms.serve_under(app, server, origin)
    work = [asyncio.create_task(platforms.facebook.keep_time())]
    if keep is not None:
        keeper = Keeper(platforms, keep)
        problem = keeper.load()
        if problem is not None:
            print(problem, flush=True)
        work.append(asyncio.create_task(keeper.run()))
    if simulator.connection is not None:
        work.append(asyncio.create_task(simulator.connection.run()))
    print(f"simulator of Facebook, X and Telegram on {origin}", flush=True)
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, server.handle_exit, sign, None)
    try:
        # Not ``serve``: it would raise the signal again, and nothing would be kept.
        await server._serve()
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await platforms.close()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--gateway", help="address of Pietura, to connect the demo's accounts to")
    parser.add_argument("--keep", type=Path, help="file in which what was said is kept over a restart")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.gateway, arguments.keep))


if __name__ == "__main__":
    main()
