// Frame rate of the inspector in headless Chromium (software rendering): 500 live sessions in the list, all of them
// changing four times a second (the server's limit), and a journal of 50,000 events that is scrubbed and scrolled. npm
// run build && npx tsx lab/bench/inspector.ts [--events 50000] [--sessions 500] [--seconds 5] [--output figures.json] Each
// figure covers `--seconds` in which every animation frame scrolls or seeks. Frames per second are counted by the
// page's own requestAnimationFrame; `long` are frames of more than 1/30 s.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { pathOf } from '../../server/door/http.ts';
import { Readiness } from '../../server/door/readiness.ts';
import { admin } from '../../server/endpoints/admin/endpoint.ts';
import { longSession } from './inspector-journal.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '50000' },
    sessions: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '5' },
    pages: { type: 'string', default: 'dist/web' },
    output: { type: 'string' },
  },
});
const events = Number(values.events);
const sessions = Number(values.sessions);
const seconds = Number(values.seconds);

/** Runs in the page: makes a step in every frame for some seconds, and returns the frame statistics. */
const MEASURE = `(step) => new Promise((resolve) => {
  const times = [];
  const begun = performance.now();
  let n = 0;
  const frame = (now) => {
    times.push(now);
    if (now - begun > ${seconds * 1000}) {
      const gaps = times.slice(1).map((time, at) => time - times[at]).sort((a, b) => a - b);
      const spent = times[times.length - 1] - times[0];
      return resolve({
        fps: Math.round((gaps.length / spent) * 10000) / 10,
        p95Ms: Math.round(gaps[Math.floor(gaps.length * 0.95)] * 10) / 10,
        longShare: Math.round((gaps.filter((gap) => gap > 33.4).length / gaps.length) * 1000) / 1000,
      });
    }
    step(n++);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;

const LIVE = `(() => {
  const states = ['idle', 'listening', 'processing', 'speaking', 'stopped'];
  let round = 0;
  const tell = () => {
    round++;
    const sessions = Array.from({ length: ${sessions} }, (_, n) => ({
      session: 'session-' + n, server: 'bench', startedAt: new Date(1e12 + n * 1000).toISOString(), language: 'en',
      state: states[(n + round) % states.length], turn: round, generation: round, latencyMs: 300 + n, errors: n % 7,
      lastError: 'LLM_TIMEOUT', lastText: 'what the user of session ' + n + ' said in turn ' + round,
    }));
    inspector.list.told({ full: false, sessions, gone: [] });
  };
  tell();
  return setInterval(tell, 250);
})()`;

const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
const pages = await admin({ readiness: new Readiness(), pages: values.pages });
const server = createServer((request, response) => {
  if (!pages.routes?.(request, response, pathOf(request) ?? '', () => {})) response.writeHead(404).end();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
// A TCP server's address is of this kind.
const { port } = server.address() as AddressInfo;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`http://127.0.0.1:${port}/inspect/`);
  await page.waitForSelector('#sessions');
  const updates = await page.evaluate(LIVE);
  const box = `document.querySelector('#sessions')`;
  const list = await page.evaluate(
    `(${MEASURE})((n) => { ${box}.scrollTop = (n * 30) % (${box}.scrollHeight - ${box}.clientHeight || 1); })`,
  );
  await page.evaluate(`clearInterval(${JSON.stringify(updates)})`);

  const path = join(folder, 'long.jsonl');
  await writeFile(path, longSession(events).file());
  const before = performance.now();
  await page.setInputFiles('#file', path);
  await page.waitForSelector('#session', { timeout: 300_000 });
  const openedMs = Math.round(performance.now() - before);
  const traced = `new Promise((resolve) => { const look = () => inspector.open.tracer.done > inspector.open.last ? resolve(true) : setTimeout(look, 50); look(); })`;
  await page.evaluate(traced);
  const tracedMs = Math.round(performance.now() - before);
  // Far jumps, like a scrubber's: a prime stride visits the whole journal.
  const scrub = await page.evaluate(
    `(${MEASURE})((n) => inspector.open.seekRecord((n * 7919) % (inspector.open.last + 1)))`,
  );
  const steps = await page.evaluate(
    `(${MEASURE})((n) => inspector.open.seekRecord(n % (inspector.open.last + 1)))`,
  );
  const rows = `document.querySelector('#events')`;
  const scroll = await page.evaluate(
    `(${MEASURE})((n) => { ${rows}.scrollTop = (n * 400) % (${rows}.scrollHeight - ${rows}.clientHeight); })`,
  );
  // The cost of a seek without its drawing.
  const seekMs = await page.evaluate(`(() => {
    const log = inspector.open.log;
    const begun = performance.now();
    for (let n = 0; n < 1000; n++) log.stateAt((n * 7919) % log.records.length);
    return Math.round((performance.now() - begun) / 10) / 100;
  })()`);
  const figures = { events, sessions, seconds, list, openedMs, tracedMs, scrub, steps, scroll, seekMs };
  console.log(JSON.stringify(figures, null, 2));
  if (values.output) writeFileSync(values.output, `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await browser.close();
  server.close();
  await rm(folder, { recursive: true, force: true });
}
