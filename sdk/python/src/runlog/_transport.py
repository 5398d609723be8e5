"""HTTP to the server over one kept connection: each call gives an outcome and never raises for what the network does."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass, field
from typing import Any, Mapping
from urllib.parse import urlsplit

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Request:
    """One request in the outbox. `points` is how many points it carries, for the counts."""

    method: str
    path: str
    content_type: str
    body: bytes
    points: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """`done`, `refused` (for good) or `retry` (after at least `retry_after_s` seconds)."""

    kind: str
    detail: str = ""
    retry_after_s: float = 0.0
    answer: Mapping[str, Any] = field(default_factory=dict)


class Transport:
    def __init__(self, url: str, api_key: str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the server must be an http(s) URL, not {url!r}")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        self._prefix = parts.path.rstrip("/")
        self._key = api_key
        self._connection: http.client.HTTPConnection | None = None

    def send(self, request: Request) -> Outcome:
        headers = {"Content-Type": request.content_type, **request.headers}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            connection = self._connection or self._connect()
            connection.request(request.method, self._prefix + request.path, body=request.body, headers=headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as trouble:
            self.close()
            return Outcome("retry", f"{self._host}:{self._port} does not answer ({trouble})")
        answer = _parse(text)
        if 200 <= response.status < 300:
            return Outcome("done", answer=answer)
        detail = f"{request.path}: {response.status} {answer.get('detail', '')} {answer.get('field', '')}".rstrip()
        if response.status in (408, 429) or response.status >= 500:
            return Outcome("retry", detail, _seconds(response.getheader("Retry-After")))
        return Outcome("refused", detail)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT_S, context=context)
        else:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        return self._connection


def _parse(text: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        return 0.0
