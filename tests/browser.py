"""The browser of the tests: ``python -m tests.browser`` finds one, or installs one, and proves that it starts.

In this order: ``PIETURA_CHROMIUM``, the system's Chromium or Chrome, the one Playwright has downloaded before. With none
of them: the package manager where this is root on Debian or Ubuntu, else Playwright's download.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

#: The one without windows first: it is the same engine, and spends nothing on a frame that nobody sees.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Quiet and the same everywhere; without the sandbox, because containers seldom allow one.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@functools.cache
def executable() -> str | None:
    """The browser to start; None means Playwright's own.

    Raises:
        FileNotFoundError: ``PIETURA_CHROMIUM`` names something that is not there or does not start.
    """
    wanted = os.environ.get("PIETURA_CHROMIUM")
    if wanted:
        if not _starts(wanted):
            raise FileNotFoundError(f"PIETURA_CHROMIUM: {wanted} is not a browser that starts")
        return wanted
    for name in _NAMES:
        found = shutil.which(name)
        if found and _starts(found):
            return found
    return None


def _starts(path: str) -> bool:
    # Ubuntu's chromium-browser may be a script that only says where to get the real one.
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def launch(playwright: Playwright) -> Browser:
    """Starts the browser of the tests."""
    return playwright.chromium.launch(executable_path=executable(), args=[*ARGUMENTS])


def _proof() -> str | None:
    """Name and version of the browser that would be used, or None when there is none that starts."""
    with sync_playwright() as playwright:
        path = executable() or playwright.chromium.executable_path
        if not Path(path).exists():
            return None
        try:
            browser = launch(playwright)
        except PlaywrightError as error:
            print(f"  browser: {path} does not start: {str(error).splitlines()[0]}", flush=True)
            return None
        version = browser.version
        browser.close()
    return f"{path} (Chromium {version})"


def _run(*command: str) -> bool:
    print(f"  browser: {' '.join(command)}", flush=True)
    return subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}).returncode == 0


def _apt(package: str) -> bool:
    return _run("apt-get", "install", "-y", "-q", package)


def _install() -> str | None:
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and shutil.which("apt-get"):
        print("  browser: none found; installing Chromium with apt-get (about 100 MB, a minute or two)", flush=True)
        installed = _apt("chromium-headless-shell") or (
            # A fresh container image has no package lists.
            _run("apt-get", "update", "-q") and (_apt("chromium-headless-shell") or _apt("chromium"))
        )
        executable.cache_clear()
        if installed and (found := _proof()):
            return found
    print("  browser: downloading Playwright's Chromium (about 170 MB)", flush=True)
    _run(sys.executable, "-m", "playwright", "install", *(["--with-deps"] if root else []), "chromium")
    executable.cache_clear()
    return _proof()


def main() -> int:
    """Finds or installs; prints which; 1 when there is no browser in the end."""
    try:
        found = _proof() or _install()
    except FileNotFoundError as error:
        print(f"  browser: {error}", flush=True)
        return 1
    if found is None:
        print("  browser: none could be installed; install Chromium and name it in PIETURA_CHROMIUM", flush=True)
        return 1
    print(f"  browser: {found}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
