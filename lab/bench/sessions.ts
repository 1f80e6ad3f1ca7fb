/** Many sessions in one process, each in a spoken conversation in real time: real door, WebSockets, bus, runner, playback and embedded VAD; scripted engines; the clients in their own process.
 * `npm run bench:sessions -- --sessions 50 --seconds 30 [--json FILE]`
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import { percentile, spread } from '../statistics.ts';
import { runModule } from './load/module.ts';
import { scriptedTalk, unlimited } from './load/scripted-talk.ts';

const clientsReport = z.object({
  frames: z.number(),
  latenessMs: z.array(z.number()),
  turns: z.number(),
  completed: z.number(),
  errors: z.array(z.string()),
});

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '30' },
    json: { type: 'string' },
  },
});
const sessions = Number(values.sessions);
const seconds = Number(values.seconds);

const dataDir = await mkdtemp(join(tmpdir(), 'parley-bench-'));
const server = await serve({
  config: loadConfig({
    flags: {
      port: '0',
      'data-dir': dataDir,
      ...unlimited(sessions),
    },
  }),
  log: makeLogger('error'),
  parts: {
    engines: scriptedTalk(),
  },
});

console.error(`${sessions} sessions for about ${seconds} s …`);
globalThis.gc?.();
const idleBytes = process.memoryUsage().rss;
const cpuBefore = process.cpuUsage();
const startMs = performance.now();
let peakBytes = idleBytes;
const sampler = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
}, 500);
const clients = await runModule('sessions-clients', [server.url, String(sessions), String(seconds)]);
const report = clientsReport.parse(JSON.parse(clients));
clearInterval(sampler);
const cpu = process.cpuUsage(cpuBefore);
const elapsedMs = performance.now() - startMs;
await server.close();
await rm(dataDir, { recursive: true, force: true });

const cpuMs = (cpu.user + cpu.system) / 1_000;
const result = {
  sessions,
  elapsedMs: Math.round(elapsedMs),
  frames: report.frames,
  turns: report.turns,
  completed: report.completed,
  errors: report.errors,
  latenessMs: {
    p50: percentile(report.latenessMs, 0.5),
    p95: percentile(report.latenessMs, 0.95),
    p99: percentile(report.latenessMs, 0.99),
    max: percentile(report.latenessMs, 1),
  },
  cpuOfOneCore: cpuMs / elapsedMs,
  cpuMsPerSessionSecond: cpuMs / sessions / (elapsedMs / 1_000),
  memoryBytesPerSession: (peakBytes - idleBytes) / sessions,
};
console.log(
  `sessions              ${result.sessions} for ${(elapsedMs / 1_000).toFixed(1)} s: ${result.turns} turns, ${result.completed} completed, ${result.errors.length} errors`,
);
console.log(
  `frame lateness, ms    ${spread(report.latenessMs)}   (p50 / p95 / p99 / max over ${report.frames} frames; goal: p99 at most 40)`,
);
console.log(
  `CPU                   ${(result.cpuOfOneCore * 100).toFixed(0)} % of a core, ${(result.cpuMsPerSessionSecond / 10).toFixed(2)} % a session`,
);
console.log(
  `memory                ${(result.memoryBytesPerSession / 1_048_576).toFixed(2)} MB a session (peak resident, above the idle server's ${(idleBytes / 1_048_576).toFixed(0)} MB)`,
);
console.log(
  'method: clients in another process speak eSpeak sentences in real time over loopback WebSockets; engines scripted (STT 50 ms,',
);
console.log(
  "        LLM 100 ms then 20 ms a word, TTS 50 ms). A frame is late by what it comes after the pacing that its reply's first frame began.",
);
if (values.json) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
process.exitCode = report.turns > 0 && report.completed === report.turns ? 0 : 1;
