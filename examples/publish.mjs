// SPDX-License-Identifier: Apache-2.0
// Publishes one notification: node publish.mjs USER TITLE
import { randomUUID } from 'node:crypto';

const PATIENCE_MS = 30_000;
const [user, title] = process.argv.slice(2);
const url = `http://${process.env.BELFRY_INGEST_HTTP}/v1/notify`;
const key = randomUUID(); // the same for every attempt
const deadline = Date.now() + PATIENCE_MS;

// The answer, or null when none came: then nobody knows whether it was stored.
async function attempt() {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${process.env.BELFRY_API_KEY}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': key,
      },
      body: JSON.stringify({ userId: user, title }),
      signal: AbortSignal.timeout(10_000),
    });
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: await answer.json() };
  } catch {
    return null;
  }
}

for (let wait = 200; ; wait = Math.min(wait * 2, 5000)) {
  const answer = await attempt();
  if (answer && answer.status < 300) {
    console.log(answer.body.id ?? 'suppressed');
    break;
  }
  if (answer && answer.status < 500 && answer.status !== 429) {
    console.error(`${answer.status}: ${answer.body.detail}`);
    process.exit(1);
  }
  const pause = answer?.retryAfter ? Number(answer.retryAfter) * 1000 : wait * (0.5 + Math.random());
  if (Date.now() + pause > deadline) {
    console.error('gave up; whether it was stored is unknown');
    process.exit(1);
  }
  await new Promise((resolve) => { setTimeout(resolve, pause); });
}
