"""The command line: ``pietura run``, ``setup``, ``train``, ``serve``, ``eval``."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated

import structlog
import typer

from gateway import ready_vectors
from gateway import run as runner
from gateway import serve as server
from gateway.demo.history import make_history
from gateway.evaluation import commands as evaluation
from gateway.settings import Settings
from gateway.setup import set_up
from knowledge_base.catalogue import commands as catalogue

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(evaluation.app, name="eval")
app.add_typer(catalogue.app, name="catalogue")


@app.command()
def run(port: Annotated[int | None, typer.Option(help="Port of the gateway.")] = None) -> None:
    """Everything on one machine: set up, train, serve."""
    settings = Settings(port=port) if port else Settings()
    try:
        asyncio.run(runner.run(settings))
    except RuntimeError as error:
        typer.echo(f"\nPietura could not start: {error}", err=True)
        raise typer.Exit(1) from error


@app.command()
def setup(
    history: Annotated[bool, typer.Option(help="With a made-up past, in a demo that has none.")] = False,
) -> None:
    """Schema, knowledge base and first contents of the database."""
    settings = Settings()
    asyncio.run(set_up(settings, runner.say))
    if history:
        # What closing a month notes down for whoever runs the service is no progress to be shown.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        asyncio.run(make_history(settings, runner.say))


@app.command()
def train() -> None:
    """Trains the Rasa model if what it learns from has changed."""
    asyncio.run(runner.train(Settings()))


@app.command()
def vectors() -> None:
    """Writes the vectors that come with the product anew; for those who change what it learns from or answers with."""
    number = asyncio.run(ready_vectors.write(Settings().cache_dir))
    runner.say(f"{number} vectors")


@app.command()
def serve() -> None:
    """The gateway alone; Rasa runs elsewhere (PIETURA_BOT_URL)."""
    server.serve(Settings())


if __name__ == "__main__":
    app()
