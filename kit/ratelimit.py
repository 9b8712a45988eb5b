"""Pace keeping: a token bucket for one connection, and windows counted across workers for doors that strangers knock at."""

from __future__ import annotations

import time

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class Bucket:
    """A token bucket in memory, for one connection."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._rate = per_second
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at = time.monotonic()

    def take(self, cost: float = 1.0) -> bool:
        """Takes ``cost`` tokens; False when there are not enough."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True

    def wait(self) -> float:
        """Seconds until one token is there."""
        return max(0.0, (1.0 - self._tokens) / self._rate)


class Limiter:
    """Named limits (``{"login": "10/minute"}``), counted in memory or, for several workers, in Redis.

    While Redis is away each worker counts by itself: a looser limit for a while, but nobody is locked out.
    """

    def __init__(self, limits: dict[str, str], redis_url: str | None = None) -> None:
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared = (
            # limits speaks to Redis through coredis by default; redis-py is the client we have.
            MovingWindowRateLimiter(RedisStorage(f"async+{redis_url}", implementation="redispy", socket_timeout=1))
            if redis_url
            else None
        )
        self._limits: dict[str, RateLimitItem] = {name: parse(text) for name, text in limits.items()}

    async def allow(self, name: str, key: str) -> bool:
        """Counts one knock of ``key`` at the door ``name``; False when there were too many.

        Raises:
            KeyError: no such limit.
        """
        limit = self._limits[name]
        if self._shared is not None:
            try:
                return await self._shared.hit(limit, name, key)
            except (RedisError, OSError) as error:
                log.warning("limits are counted by this worker alone", error=str(error))
        return await self._own.hit(limit, name, key)

    async def retry_after_s(self, name: str, key: str) -> int:
        """Seconds until ``key`` may knock again."""
        limit = self._limits[name]
        for strategy in (self._shared, self._own):
            if strategy is None:
                continue
            try:
                stats = await strategy.get_window_stats(limit, name, key)
            except (RedisError, OSError):
                continue
            return max(1, round(stats.reset_time - time.time()))
        return 60
