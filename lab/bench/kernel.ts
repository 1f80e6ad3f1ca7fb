/** Cost of one kernel step, over spoken turns that end in an interrupted reply. Each event is stepped and timed separately; the first quarter of the turns is not counted. On a busy machine the scheduler dominates p99: compare ratios.
 * `node dist/lab/bench/kernel.js [--turns 2000] [--json FILE]`
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type KernelEvent, SessionKernel } from '../../machines/kernel.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { SessionEvent } from '../../machines/session/events.ts';
import { percentile } from '../statistics.ts';

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '2000' },
    json: { type: 'string' },
  },
});
const turns = Number(values.turns);

/** A turn as the runner sees it: speech, partial transcripts, the reply's words and audio, and a barge-in at the end. */
const TURN: readonly (SessionEvent | 'delay')[] = [
  { type: 'speech.start', sample: 0, ageMs: 64 },
  { type: 'transcript.partial', text: 'what do' },
  { type: 'transcript.partial', text: 'what do you see' },
  { type: 'speech.stop', sample: 16_000, ageMs: 128 },
  'delay',
  { type: 'xstate.done.actor.stt', output: { text: 'what do you see' } },
  ...'I see a long table and two chairs by the window. There is a cup on the table.'
    .split(/(?<= )/u)
    .map((text): SessionEvent => ({ type: 'llm.delta', text })),
  { type: 'xstate.done.actor.llm' },
  { type: 'segment.started', segment: 0 },
  { type: 'playout.started' },
  { type: 'segment.ready', segment: 0, samples: 48_000, words: [] },
  { type: 'segment.started', segment: 1 },
  { type: 'segment.ready', segment: 1, samples: 48_000, words: [] },
  { type: 'xstate.done.actor.tts' },
  { type: 'speech.start', sample: 64_000, ageMs: 64 },
  { type: 'transcript.partial', text: 'stop' },
  { type: 'interrupt' },
  { type: 'speech.stop', sample: 70_000, ageMs: 128 },
  { type: 'xstate.done.actor.stt', output: { text: '' } },
];

const kernel = new SessionKernel(defaultParameters, {
  language: 'en',
  outputRate: 24_000,
  seed: 1,
  memory: false,
});
const all: number[] = [];
const byType = new Map<string, number[]>();
let nowMs = 0;
for (let turn = 0; turn < turns; turn++) {
  for (const entry of TURN) {
    nowMs += 20;
    const timer = entry === 'delay' ? kernel.popTimer(nowMs + 60_000) : undefined;
    const event: KernelEvent | undefined = entry === 'delay' ? timer?.event : entry;
    if (!event) throw new Error('no delay was set where one was expected');
    nowMs = Math.max(nowMs, timer?.dueMs ?? 0);
    const startedAt = process.hrtime.bigint();
    kernel.step(event, nowMs);
    const us = Number(process.hrtime.bigint() - startedAt) / 1_000;
    if (turn < turns / 4) continue;
    all.push(us);
    const known = byType.get(event.type);
    if (known) known.push(us);
    else byType.set(event.type, [us]);
  }
  while (kernel.popTimer(nowMs + 60_000));
}

const figures = (us: number[]) => ({
  steps: us.length,
  p50Us: round(percentile(us, 0.5)),
  p99Us: round(percentile(us, 0.99)),
});
const round = (us: number) => Math.round(us * 10) / 10;
const report = {
  node: process.version,
  all: figures(all),
  byEvent: Object.fromEntries([...byType].map(([type, us]) => [type, figures(us)])),
};
console.log(JSON.stringify(report, null, 2));
if (values.json) writeFileSync(values.json, JSON.stringify(report, null, 2));
