#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Publishes one notification: python3 publish.py USER TITLE"""

import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid

PATIENCE_S = 30


def attempt(request):
    """(status, Retry-After, body); None when no answer came: nobody knows whether it was stored."""
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, None, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers.get("Retry-After"), json.load(refusal)
    except (OSError, http.client.HTTPException, ValueError):
        return None


def main():
    user, title = sys.argv[1:]
    request = urllib.request.Request(
        f"http://{os.environ['BELFRY_INGEST_HTTP']}/v1/notify",
        data=json.dumps({"userId": user, "title": title}).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['BELFRY_API_KEY']}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),  # the same for every attempt
        },
    )
    deadline = time.monotonic() + PATIENCE_S
    wait = 0.2
    while True:
        answer = attempt(request)
        if answer and answer[0] < 300:
            print(answer[2].get("id", "suppressed"))
            return 0
        if answer and answer[0] < 500 and answer[0] != 429:
            print(f"{answer[0]}: {answer[2]['detail']}", file=sys.stderr)
            return 1
        pause = float(answer[1]) if answer and answer[1] else wait * (0.5 + random.random())
        if time.monotonic() + pause > deadline:
            print("gave up; whether it was stored is unknown", file=sys.stderr)
            return 1
        time.sleep(pause)
        wait = min(wait * 2, 5)


sys.exit(main())
