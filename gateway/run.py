"""Starts the whole product on one machine and keeps it running: Rasa and the gateway, restarted when one dies.

In the demo the simulator of Facebook, X and Telegram as well, so that somebody without accounts there can try them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from gateway.seed import DEMO_PASSWORD, DEMO_STAFF
from gateway.settings import ROOT, Settings
from kit.alone import alone

BOT = ROOT / "bot"
_MODEL = BOT / "models" / "pietura.tar.gz"
_STAMP = BOT / "models" / "pietura.inputs"
#: It belongs to the tests: an installation without them has no demo of the platforms.
_SIMULATOR = ROOT / "tests" / "fakes" / "simulator"
_READY_LIMIT_S = 180.0


#: Many small products of matrices: threads of the linear algebra only wait for each other, and burn the cores meanwhile.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def say(text: str) -> None:
    """Progress, at once."""
    print(f"  {text}", flush=True)


def bot_python() -> Path:
    """The interpreter of the bot's own environment."""
    return BOT / ".venv" / "bin" / "python"


_MODEL_INPUTS = (
    *("config.yml", "nlu_data/**/*.yml", "bot/domain/*.yml", "bot/components/*.py", "bot/uv.lock"),
    *("knowledge_base/data/examples/*.json", "knowledge_base/encoder/model/*", "gateway/training.py"),
)


def model_inputs() -> str:
    """Fingerprint of everything the Rasa model is made of; another fingerprint means training."""
    digest = hashlib.sha256()
    for pattern in _MODEL_INPUTS:
        for file in sorted(ROOT.glob(pattern)):
            if "tests" not in file.relative_to(ROOT).parts:
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def bot_environment(settings: Settings) -> dict[str, str]:
    """What Rasa needs in its environment."""
    return {
        **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        "PYTHONPATH": str(BOT),
        "PIETURA_BOT_TOKEN": settings.bot_token.get_secret_value(),
        "RASA_TELEMETRY_ENABLED": "false",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONWARNINGS": "ignore",
        **ONE_THREAD,
    }


async def train(settings: Settings) -> None:
    """Trains the Rasa model if its inputs changed.

    Raises:
        RuntimeError: training failed; its output is in the message.
    """
    # `make run` beside `make test`, or two files of tests at once: whoever waits finds it done.
    with contextlib.ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, alone(_MODEL.parent / ".training"))
        await _train(settings)


async def _train(settings: Settings) -> None:
    inputs = model_inputs()
    if _MODEL.exists() and _STAMP.exists() and _STAMP.read_text() == inputs:
        say("Rasa model: up to date")
        return
    started = time.monotonic()
    say("examples: computing their sentence vectors (those that come ready are read) …")
    await _finished("the sentence vectors", (sys.executable, "-m", "gateway.training"), ROOT, dict(os.environ))
    say("Rasa model: training (about two minutes) …")
    await _finished("Rasa's training", (str(bot_python()), *TRAIN_ARGUMENTS), BOT, bot_environment(settings))
    if not _MODEL.exists():
        raise RuntimeError("Rasa's training left no model")
    _STAMP.write_text(inputs)
    say(f"Rasa model: trained in {time.monotonic() - started:.0f} s")


async def _finished(what: str, arguments: tuple[str, ...], cwd: Path, environment: dict[str, str]) -> None:
    """Runs a process to its end.

    Raises:
        RuntimeError: it failed; the end of its output is in the message.
    """
    process = await asyncio.create_subprocess_exec(
        *arguments, cwd=cwd, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{what} failed:\n" + output.decode(errors="replace")[-4000:])


TRAIN_ARGUMENTS = (
    "-m",
    "rasa",
    "train",
    # Rasa's own cache does not see a change in a helper of a component; our fingerprint does.
    "--force",
    "--config",
    "../config.yml",
    "--domain",
    "domain",
    "--data",
    # Folder by folder: the conversation tests beside them are not to be learnt.
    "../nlu_data/lv",
    "../nlu_data/ru",
    "../nlu_data/en",
    "../nlu_data/cues.yml",
    "../nlu_data/concepts.yml",
    "../nlu_data/catalogue_words.yml",
    "../nlu_data/rules.yml",
    # Written by gateway/training.py from the knowledge base's example questions.
    "models/questions.yml",
    "--out",
    "models",
    "--fixed-model-name",
    "pietura",
)


def rasa_arguments(port: int, model: Path | None = None) -> tuple[str, ...]:
    """Rasa on loopback only, without its API and without TensorFlow, which the pipeline does not use (bot/serve.py)."""
    return ("serve.py", "--port", str(port), *(("--model", str(model)) if model is not None else ()))


@dataclass
class Child:
    """A process that is kept running."""

    name: str
    arguments: tuple[str, ...]
    cwd: Path
    environment: dict[str, str]
    ready_url: str
    ready_status: tuple[int, ...] = (200,)
    #: Where its output goes; None is this terminal.
    log: Path | None = None
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0

    async def start(self) -> None:
        """Starts it, in a process group of its own so that everything it starts can be ended with it."""
        output = None
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            output = self.log.open("ab")
        self.process = await asyncio.create_subprocess_exec(
            *self.arguments,
            cwd=self.cwd,
            env=self.environment,
            start_new_session=True,
            stdout=output,
            stderr=output,
        )
        if output is not None:
            output.close()

    async def wait_ready(self) -> None:
        """Waits until it answers.

        Raises:
            RuntimeError: it ended, or did not answer in time.
        """
        deadline = time.monotonic() + _READY_LIMIT_S
        async with httpx.AsyncClient(timeout=2) as client:
            while time.monotonic() < deadline:
                if self.process is not None and self.process.returncode is not None:
                    where = f"; see {self.log}" if self.log else ""
                    raise RuntimeError(f"{self.name} ended with status {self.process.returncode}{where}")
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(self.ready_url)).status_code in self.ready_status:
                        return
                await asyncio.sleep(0.2)
        raise RuntimeError(f"{self.name} did not answer within {_READY_LIMIT_S:.0f} s")

    async def keep_running(self) -> None:
        """Restarts it whenever it ends; waits a little longer each time it ends soon."""
        while True:
            assert self.process is not None
            started = time.monotonic()
            status = await self.process.wait()
            if time.monotonic() - started > 60:
                self.restarts = 0
            pause = min(30.0, 0.5 * 2**self.restarts)
            self.restarts += 1
            say(f"{self.name} ended with status {status}; starting it again in {pause:.1f} s")
            await asyncio.sleep(pause)
            await self.start()

    async def stop(self) -> None:
        """Ends it and all it started: politely first."""
        process = self.process
        if process is None or process.returncode is not None:
            return
        for sign, limit in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            try:
                await asyncio.wait_for(process.wait(), limit)
                return
            except TimeoutError:
                continue


def free_address() -> str:
    """Where nobody listens, on loopback."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


def rasa_process(settings: Settings, model: Path | None = None, url: str | None = None) -> Child:
    """Rasa, not yet started; with the product's model at ``bot_url`` unless something else is said."""
    url = url or settings.bot_url
    return Child(
        "Rasa",
        (str(bot_python()), *rasa_arguments(int(url.rsplit(":", 1)[1]), model)),
        BOT,
        bot_environment(settings),
        f"{url}/",
        # Its libraries print pages of warnings about each other.
        log=settings.data_dir / "logs" / "rasa.log",
    )


def children(settings: Settings) -> list[Child]:
    """The processes of the product: Rasa and the gateway."""
    gateway_environment = {
        **os.environ,
        "PIETURA_HOST": settings.host,
        "PIETURA_PORT": str(settings.port),
        "PIETURA_SECRET_KEY": settings.secret_key.get_secret_value(),
        "PIETURA_BOT_TOKEN": settings.bot_token.get_secret_value(),
        "PIETURA_CREDENTIALS_KEY": settings.credentials_key.get_secret_value(),
        **ONE_THREAD,
    }
    return [
        rasa_process(settings),
        Child(
            "gateway",
            (sys.executable, "-m", "gateway.serve"),
            ROOT,
            gateway_environment,
            f"http://{settings.host}:{settings.port}/health/live",
        ),
    ]


def simulator_process(settings: Settings) -> Child | None:
    """The stand-ins of the platforms, not yet started; None where there is no demo. Ready once their accounts are connected."""
    url = settings.simulator_url
    if url is None or not _SIMULATOR.is_dir():
        return None
    return Child(
        "simulator",
        (
            *(sys.executable, "-m", "tests.fakes.simulator"),
            *("--port", str(settings.simulator_port)),
            *("--gateway", f"http://{settings.host}:{settings.port}"),
            *("--keep", str(settings.data_dir / "simulator.world")),
        ),
        ROOT,
        dict(os.environ),
        f"{url}/ready",
        log=settings.data_dir / "logs" / "simulator.log",
    )


def _refuse_taken(port: int) -> None:
    """Better said before minutes of getting ready than after.

    Raises:
        RuntimeError: somebody listens on the simulator's port.
    """
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(("127.0.0.1", port))
        except OSError as error:
            raise RuntimeError(
                f"port {port} is taken; PIETURA_SIMULATOR_PORT chooses another one for the simulator, 0 does without it"
            ) from error


async def run(settings: Settings) -> None:
    """Sets up, trains, serves, until interrupted; then stops everything it started."""
    print("Pietura is getting ready", flush=True)
    started = time.monotonic()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    simulator = simulator_process(settings)
    if simulator is not None:
        _refuse_taken(settings.simulator_port)
    await train(settings)
    from gateway.retraining.keeper import RasaKeeper

    rasa, gateway = RasaKeeper(settings, model_inputs()), children(settings)[1]
    gateway.environment["PIETURA_RASA_KEPT"] = "true"
    processes: list[Child | RasaKeeper] = [rasa, gateway, *([simulator] if simulator is not None else [])]
    watchers: list[asyncio.Task[None]] = []
    try:
        # Rasa takes its time to start and needs no database: meanwhile the database is set up.
        say("starting Rasa …")
        await rasa.start()
        await _set_up_apart(settings)
        say("starting the gateway …")
        await gateway.start()
        if simulator is not None:
            await simulator.start()
        ready = asyncio.gather(*(child.wait_ready() for child in processes))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((ready, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            await ready
            _welcome(settings, time.monotonic() - started)
            watchers = [asyncio.create_task(child.keep_running()) for child in processes]
            await stopped
        else:
            ready.cancel()
    finally:
        for watcher in watchers:
            watcher.cancel()
        print("\nstopping …", flush=True)
        await asyncio.gather(*(child.stop() for child in processes))
        print("stopped", flush=True)


async def _set_up_apart(settings: Settings) -> None:
    """Runs ``pietura setup`` as a process: the knowledge base it loads would otherwise stay in this one's memory.

    In a demo with its past, unless somebody does without.

    Raises:
        RuntimeError: it failed; it has said why.
    """
    past = ["--history"] if settings.demo and settings.demo_history else []
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "gateway.cli", "setup", *past, cwd=ROOT)
    if await process.wait() != 0:
        raise RuntimeError("the set-up of the database failed")


def _welcome(settings: Settings, seconds: float) -> None:
    base = f"http://{settings.host}:{settings.port}"
    print(f"\nPietura is running (ready after {seconds:.0f} s). Ctrl-C stops it.\n", flush=True)
    if settings.demo:
        print(f"  Demo page with the chat   {base}/demo")
    print(f"  Operators' console        {base}/console")
    if simulator_process(settings) is not None:
        print(f"  Facebook, X and Telegram  {settings.simulator_url} (simulated: be a follower, see it in the console)")
    print(f"  Health                    {base}/health")
    if settings.demo:
        print(f"\n  Demo log-ins (password {DEMO_PASSWORD}):")
        for email, name, role, _centre, institution, _languages in DEMO_STAFF:
            where = f" of {institution.upper()}" if institution else ""
            print(f"    {email:<18} {role}{where} – {name}")
    print(flush=True)
