"""Serve the trained model on the loopback interface: `python serve.py --port 5005`, with this folder as working directory.

Why not `rasa run`. Rasa imports TensorFlow as soon as its server is imported, for base classes of components that this
assistant does not have: two thirds of the start and about half of the memory. Nothing here needs it, neither the classifier
nor the rules, so the import is answered with a placeholder. Whoever does reach for TensorFlow gets an error that says so.

Training goes through the plain `rasa train`.
"""

from __future__ import annotations

import argparse
import gc
import importlib.abc
import importlib.machinery
import os
import sys
import types
from collections.abc import Sequence
from typing import Any, NoReturn

#: Loopback, always: the broker is the only client, and it runs on this machine.
HOST = "127.0.0.1"

#: Imported for their names only while nothing of TensorFlow's is used.
_UNUSED = ("tensorflow", "tensorflow_hub", "tensorflow_text", "keras", "jax")


class _PlaceholderMeta(type):
    """A class whose every attribute is again a placeholder class: enough for base classes and annotations."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(name)


def _placeholder(name: str) -> type:
    return _PlaceholderMeta(name, (_Placeholder,), {})


class _Placeholder(metaclass=_PlaceholderMeta):
    """May be derived from and named; may not be used."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse(type(self).__name__)


def _refuse(name: str) -> NoReturn:
    raise RuntimeError(
        f"'{name}' needs TensorFlow, which this server does not load. Use 'rasa run' for such a pipeline."
    )


class _PlaceholderModule(types.ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(name)


class PlaceholderImporter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers imports of `_UNUSED` packages and of everything inside them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Claim the unused packages, leave all others."""
        if fullname.split(".")[0] not in _UNUSED:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """An empty module that makes up its names."""
        return _PlaceholderModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""


def settle(app: Any) -> None:
    """Once the model is loaded, what has been made by then is left alone: to look through it for garbage takes a third of a second,
    in which somebody would wait for an answer."""

    @app.after_server_start
    async def freeze(*_: Any) -> None:
        gc.collect()
        gc.freeze()


def main() -> None:
    """Read the command line and serve until stopped."""
    parser = argparse.ArgumentParser(description="Serve Pietura's Rasa model on 127.0.0.1.")
    parser.add_argument("--port", "-p", type=int, default=5005)
    parser.add_argument("--model", "-m", default="models/pietura.tar.gz")
    parser.add_argument("--endpoints", default="endpoints.yml")
    parser.add_argument("--credentials", default="credentials.yml")
    arguments = parser.parse_args()
    if not os.path.isfile(arguments.model):
        parser.error(f"there is no model at {arguments.model}: train one first")

    # Before anything of Rasa is imported: it reads these while importing.
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.setdefault("LOG_LEVEL_LIBRARIES", "ERROR")
    os.environ["SANIC_ACCESS_LOG"] = "false"
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    # One small product per message: threads of the algebra library would only get in each other's way.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    sys.meta_path.insert(0, PlaceholderImporter())

    import logging
    import warnings

    warnings.simplefilter("ignore", DeprecationWarning)

    # Rasa logs citizens' words on the level "debug" through structlog, which prints everything unless told otherwise. The
    # filter also spares the work of preparing lines that nobody reads.
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

    import rasa.core.run
    import rasa.utils.common
    from rasa.core.utils import AvailableEndpoints

    from tracing import tracing_app

    configure = tracing_app(rasa.core.run.configure_app)

    def settled(*given: Any, **options: Any) -> Any:
        app = configure(*given, **options)
        settle(app)
        return app

    rasa.core.run.configure_app = settled
    rasa.utils.common.configure_logging_and_warnings(log_level=None, logging_config_file=None, warn_only_once=True)
    rasa.core.run.serve_application(
        arguments.model,
        interface=HOST,
        port=arguments.port,
        credentials=arguments.credentials,
        endpoints=AvailableEndpoints.read_endpoints(arguments.endpoints),
        enable_api=False,
    )


if __name__ == "__main__":
    main()
