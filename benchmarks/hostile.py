"""Malformed and hostile requests to a service that runs: every one is answered, none with a 500.

    uv run --extra serve python benchmarks/hostile.py [COUNT] [--seed N]

Starts `samesku serve` on a store with a token for each role, and sends COUNT requests over sockets:
right ones, ones that are wrong in some place, odd texts everywhere, other sites' and other roles'
requests, and bytes that are no HTTP. A finding is an answer of 500 or more, no answer, a right
answer without a token that allows it, a service that died, or a store that was harmed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from fuzz import CELLS

from samesku.server.tokens import ROLES, Tokens
from samesku.store import Index

Random = np.random.Generator
WORDS = "susu bebelo kopi teh lampu led philips 400g 1kg 12w hitam promo".split()
ODD: list[Any] = [
    *CELLS, None, True, -1, 2**63, 2**70, 1e308, [], {}, [[]], {"a": {"a": {}}}, ["a"] * 2_000,
    "'; DROP TABLE postings; --", "' OR '1'='1", "<script>alert(1)</script>", "{{7*7}}", "${x}",
    "\ud800", "a\nb", "../../../etc/passwd", "..\\..\\win.ini", "file:///etc/passwd",
    "http://127.0.0.1/", "%2e%2e%2f", "\x00\x01", "a" * 60_000,
]  # fmt: skip
# What anyone may ask for, and what each of the others takes.
OPEN = {"/health", "/ready", "/review", "/docs", "/redoc", "/openapi.json"}
RIGHTS = {
    "read": ["POST /search", "GET /why?left=p1&right=p2", "GET /events?since=3", "GET /stats",
             "GET /metrics", "GET /postings/{}", "GET /clusters/{}", "GET /clusters/{}/history"],
    "write": ["POST /postings", "POST /postings/batch", "DELETE /postings/{}",
              "PUT /postings/{}/photo"],
    "review": ["POST /pins", "GET /pins", "GET /audit", "POST /merge", "POST /split",
               "POST /accept", "POST /undo", "POST /answers", "GET /answers.csv",
               "GET /review/next", "GET /postings/{}/photo"],
    "admin": ["POST /rescore", "POST /load", "POST /snapshot"],
}  # fmt: skip
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"]
NAMES = (
    "posting_id title price brand image image_phash posting postings limit left_id right_id verdict"
    " clusters cluster without event name run model left right since after tab"
).split()
NOT_HTTP = [
    b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 400,
    b"POST /postings HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    b"POST /postings HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /search HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /stats HTTP/1.1\r\n" + b"X: y\r\n" * 2_000 + b"\r\n",
    b"POST /search HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n{}",
]  # fmt: skip


def picked(random: Random, among: list[Any]) -> Any:
    """One of some."""
    return among[int(random.integers(len(among)))]


def value(random: Random) -> Any:
    """A value: half of them plausible."""
    if random.random() < 0.5:
        return picked(random, [f"p{random.integers(30)}", int(random.integers(40)), "same", WORDS])
    return picked(random, ODD)


def posting(random: Random) -> dict[str, Any]:
    """A posting: most are right."""
    title = " ".join(random.choice(WORDS, int(random.integers(1, 7))))
    told: dict[str, Any] = {"posting_id": f"p{random.integers(30)}", "title": title}
    for _ in range(int(random.integers(3)) if random.random() < 0.4 else 0):
        told[str(picked(random, [*NAMES, *CELLS]))] = value(random)
    return told


def body(random: Random, path: str) -> bytes:
    """The body of a request: right for its path, wrong in one place, or anything."""
    ids = [f"p{at}" for at in random.integers(0, 30, 3).tolist()]
    right: dict[str, Any] = {
        "/postings": posting(random),
        "/postings/batch": {"postings": [posting(random) for _ in range(3)]},
        "/search": {"posting": posting(random), "limit": 5},
        "/pins": {"left_id": ids[0], "right_id": ids[1],
                  "verdict": picked(random, ["same", "different", "unsure"])},
        "/split": {"cluster": ids[0], "postings": ids[1:]},
        "/accept": {"cluster": ids[0], "without": []},
        "/merge": {"clusters": ids[:2], "without": []},
        "/undo": {"event": int(random.integers(1, 400))},
        "/snapshot": {"name": str(picked(random, CELLS))},
        "/load": {"run": str(picked(random, CELLS))},
        "/rescore": {"model": str(picked(random, CELLS))},
    }.get(path, {})  # fmt: skip
    kind = random.random()
    if kind < 0.3:
        right[str(picked(random, [*NAMES, *right]))] = value(random)
    elif kind < 0.4:
        right = value(random)
    elif kind < 0.45:
        return b"[" * 50_000
    elif kind < 0.5:
        return random.bytes(int(random.integers(400)))
    elif kind < 0.52:
        return json.dumps({"posting": {"posting_id": "a", "title": "x" * 300_000}}).encode()
    return json.dumps(right).encode("utf-8", "surrogatepass")


class Campaign:
    """Sends requests to a service, and gathers what is wrong with the answers."""

    def __init__(self, port: int, tokens: dict[str, str], random: Random) -> None:
        self.port, self.tokens, self.random = port, tokens, random
        self.answers: Counter[str] = Counter()
        self.findings: list[str] = []

    def send(self) -> None:
        """One request."""
        if self.random.random() < 0.03:
            self._raw(picked(self.random, NOT_HTTP))
            return
        random = self.random
        right = picked(random, list(RIGHTS))
        method, _, path = picked(random, RIGHTS[right]).partition(" ")
        if random.random() < 0.1:
            method = picked(random, METHODS)
        role = (
            "admin" if random.random() < 0.5 else picked(random, [*ROLES, "none", "wrong", "odd"])
        )
        shown = path.replace("{}", quote(self._name(), safe="", errors="surrogatepass"))
        if random.random() < 0.3:
            asked = quote(self._name(), errors="surrogatepass")
            shown += f"{'&' if '?' in shown else '?'}{quote(picked(random, NAMES))}={asked}"
        given = body(random, path) if method != "GET" or random.random() < 0.1 else b""
        headers = self._headers(role)
        try:
            status, told = self._asked(method, shown, given, headers)
        except (OSError, http.client.HTTPException) as error:
            self.findings.append(f"{method} {shown[:80]}: no answer: {error!r}")
            return
        self.answers[str(status)] += 1
        if status >= 500 and status != 501:
            self.findings.append(f"{method} {shown[:80]} {given[:200]!r}: {status} {told[:200]!r}")
        if (
            status < 300
            and role in ("none", "wrong", "odd")
            and shown.partition("?")[0] not in OPEN
        ):
            self.findings.append(f"{method} {shown[:80]}: {status} without a token")

    def _name(self) -> str:
        random = self.random
        return (
            f"p{random.integers(30)}" if random.random() < 0.5 else str(picked(random, ODD))[:2_000]
        )

    def _headers(self, role: str) -> dict[str, str]:
        random, headers = self.random, {"Content-Type": "application/json"}
        if role in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        elif role == "wrong":
            headers["Authorization"] = f"Bearer samesku_{random.bytes(16).hex()}"
        elif role == "odd":
            headers["Authorization"] = picked(
                random, ["Basic YTpi", "Bearer", "Bearer  ", "Bearer ' OR 1=1 --", "x" * 5_000]
            )
        if random.random() < 0.1:
            headers["Idempotency-Key"] = picked(random, ["k", "k1", "x" * 300, "' OR 1=1"])
        if random.random() < 0.05:
            headers[picked(random, ["Origin", "Host", "Content-Type", "X-Forwarded-For"])] = picked(
                random, ["http://evil.example", "text/xml", "127.0.0.1", "null"]
            )
        return headers

    def _asked(
        self, method: str, path: str, given: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, given or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _raw(self, content: bytes) -> None:
        """Bytes that are no request: they are refused, or the connection is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            told = b""
            with suppress(OSError):
                told = connection.recv(4_096)
        status = told.split(b" ")[1].decode() if told.startswith(b"HTTP/") else "closed"
        self.answers[f"raw {status}"] += 1
        if status.startswith("5"):
            self.findings.append(f"{content[:80]!r}: {told[:200]!r}")


def main() -> None:
    """Start, send, look at what is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "store.db"
        (Path(folder) / "kept").mkdir()
        tokens = Tokens(str(place))
        known = {role: tokens.make(role, role) for role in ROLES}
        tokens.close()
        with Index(place) as index:
            random = np.random.default_rng([asked.seed, 1])
            index.upsert_many(
                [{"posting_id": f"p{at}", "title": posting(random)["title"]} for at in range(30)]
            )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        service = subprocess.Popen(
            [sys.executable, "-m", "samesku", "serve", "--store", str(place), "--port", str(port),
             "--folder", f"{folder}/kept", "--max-bytes", "200000", "--rate", "100000", "--quiet"]
        )  # fmt: skip
        campaign = Campaign(port, known, np.random.default_rng(asked.seed))
        _await(campaign)
        for _ in range(asked.count):
            campaign.send()
        alive = service.poll() is None
        service.terminate()
        service.wait()
        if not alive:
            campaign.findings.append("the service died")
        campaign.findings += _harm(place)
    print(f"{asked.count:,} requests: {dict(sorted(campaign.answers.items()))}")
    for finding in campaign.findings[:20]:
        print(finding)
    print(f"{len(campaign.findings)} findings")
    sys.exit(1 if campaign.findings else 0)


def _await(campaign: Campaign) -> None:
    """Until the service answers."""
    for _ in range(240):
        with suppress(OSError):
            if campaign._asked("GET", "/ready", b"", {})[0] == 200:
                return
        time.sleep(0.5)
    raise SystemExit("the service did not start")


def _harm(place: Path) -> list[str]:
    """What is wrong with the store."""
    with sqlite3.connect(place) as connection:
        told = connection.execute("pragma integrity_check").fetchone()[0]
    found = [] if told == "ok" else [f"the store is damaged: {told}"]
    with Index(place) as index:
        if index.replay() != index.state():
            found.append("the log gives another state")
    return found


if __name__ == "__main__":
    main()
