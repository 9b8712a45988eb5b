"""Keeps Rasa running, and puts another model in its place without a message being lost.

The new one is started beside the old one and asked until it answers; only then is its address given out. The old one answers
what it was asked before, and is ended when no worker can know of it any more. Rasa keeps nothing between two messages
(bot/components/forgetful_tracker_store.py), so there is nothing to hand over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx

from gateway import run as runner
from gateway.retraining.serving import Serving, ServingFiles, Wanted
from gateway.settings import Settings

#: Seconds in which every worker has looked where Rasa is (:class:`gateway.retraining.serving.ServingWatch`).
_ALL_KNOW_S: Final = 5.0
#: What a model is asked before it serves: the first messages after the start are slow.
_WARM: Final = (("labdien", "lv"), ("сколько стоит паспорт?", "ru"), ("I want to talk to a person", "en"))
Making = Callable[[Settings, Path | None, str | None], runner.Child]


class RasaKeeper:
    """Rasa with the model that shall serve; is started, watched and stopped as :class:`gateway.run.Child` is."""

    name = "Rasa"

    def __init__(
        self, settings: Settings, base: str, make: Making = runner.rasa_process, grace: float | None = None
    ) -> None:
        """``base``: fingerprint of the product (:func:`gateway.run.model_inputs`); ``grace``: seconds for which the old one goes
        on; until every worker knows, and the last message was answered or given up."""
        self._settings = settings
        self._base = base
        self._make = make
        self._grace = _ALL_KNOW_S + settings.bot_timeout_s if grace is None else grace
        self._files = ServingFiles(settings.data_dir)
        self._children: list[runner.Child] = []
        self._serving = Serving(0, None, settings.bot_url)
        self._kept: asyncio.Task[None] | None = None

    @property
    def _current(self) -> runner.Child:
        return self._children[0]

    async def start(self) -> None:
        """Starts it with the model that was last put to work, if that can still be used."""
        wanted = self._files.wanted()
        model, problem = self._usable(wanted)
        self._children = [self._make(self._settings, model, None)]
        await self._current.start()
        generation = wanted.generation if wanted is not None else 0
        self._tell(Serving(generation, str(model) if model else None, self._settings.bot_url, problem))

    async def wait_ready(self) -> None:
        """Waits until it answers; takes the product's own model if the other one does not start.

        Raises:
            RuntimeError: the product's own does not start either.
        """
        try:
            await self._current.wait_ready()
        except RuntimeError as error:
            if self._serving.model is None:
                raise
            runner.say(f"Rasa does not start with the model that was put to work; the product's own is taken ({error})")
            await self._current.stop()
            self._children = [self._make(self._settings, None, None)]
            await self._current.start()
            await self._current.wait_ready()
            self._tell(Serving(self._serving.generation, None, self._settings.bot_url, "would_not_start"))

    async def keep_running(self) -> None:
        """Restarts it when it ends, and changes the model when another one is wanted; until cancelled."""
        self._kept = asyncio.create_task(self._current.keep_running())
        try:
            while True:
                await asyncio.sleep(0.3)
                try:
                    wanted = await asyncio.to_thread(self._files.wanted)
                    if wanted is not None and wanted.generation != self._serving.generation:
                        await self._change(wanted)
                except (OSError, ValueError, TypeError) as error:
                    # A full disk, a file that somebody has written by hand: Rasa is kept all the same.
                    runner.say(f"the model could not be changed: {type(error).__name__}: {error}")
                    await asyncio.sleep(10)
        finally:
            self._kept.cancel()

    async def stop(self) -> None:
        """Ends it, and whatever is about to take its place."""
        if self._kept is not None:
            self._kept.cancel()
        await asyncio.gather(*(child.stop() for child in self._children))
        self._files.gone()

    async def _change(self, wanted: Wanted) -> None:
        model, problem = self._usable(wanted)
        named = str(model) if model else None
        if problem is not None or named == self._serving.model:
            self._tell(Serving(wanted.generation, self._serving.model, self._serving.url, problem))
            return
        url = runner.free_address()
        fresh = self._make(self._settings, model, url)
        self._children.append(fresh)
        try:
            await fresh.start()
            await fresh.wait_ready()
            await self._warm(url)
        except (RuntimeError, OSError, httpx.HTTPError) as error:
            runner.say(f"Rasa does not serve with {named}: {type(error).__name__}; what there was goes on")
            await fresh.stop()
            self._children.remove(fresh)
            self._tell(Serving(wanted.generation, self._serving.model, self._serving.url, "would_not_start"))
            return
        old, kept = self._current, self._kept
        self._tell(Serving(wanted.generation, named, url))
        self._kept = asyncio.create_task(fresh.keep_running())
        runner.say(f"Rasa serves with {named or 'the model of the product'}")
        await asyncio.sleep(self._grace)
        if kept is not None:
            kept.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await kept
        await old.stop()
        self._children.remove(old)

    def _usable(self, wanted: Wanted | None) -> tuple[Path | None, str | None]:
        if wanted is None or wanted.model is None:
            return None, None
        if wanted.base != self._base:
            return None, "outdated"
        model = Path(wanted.model)
        return (model, None) if model.is_file() else (None, "missing")

    async def _warm(self, url: str) -> None:
        """Asks it a few things.

        Raises:
            httpx.HTTPError: it does not answer them.
        """
        token = self._settings.bot_token.get_secret_value()
        async with httpx.AsyncClient(timeout=30, headers={"authorization": f"Bearer {token}"}) as client:
            for text, lang in _WARM:
                body = {"sender": "warm-up", "message": text, "metadata": {"lang": lang}}
                (await client.post(f"{url}/webhooks/broker/webhook", json=body)).raise_for_status()

    def _tell(self, serving: Serving) -> None:
        self._serving = serving
        self._files.serve(serving)
