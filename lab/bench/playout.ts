/** Cost of pacing replies, and lateness of frames: playback only, on the in-process bus, without door or clients. Compare CPU time: a busy machine affects the lateness, not the cost.
 * `node --import tsx lab/bench/playout.ts [--sessions 200] [--seconds 10] [--together] [--json FILE]`
 * `--together`: all replies begin in the same millisecond, as after a restart; else they begin over 400 ms.
 */
import { writeFileSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { createActor } from 'xstate';
import { AsyncQueue } from '../../actors/async-queue.ts';
import { playbackChild } from '../../actors/children/playback.ts';
import { ReplyTrack } from '../../actors/reply-track.ts';
import { subjects } from '../../actors/subjects.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { FRAME_MS, samplesInMs } from '../../machines/audio.ts';
import type { ChildMessage } from '../../machines/session/commands.ts';
import { WIRE_LIMITS } from '../../machines/wire.ts';
import { percentile, spread } from '../statistics.ts';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '10' },
    together: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const sessions = Number(values.sessions);
const seconds = Number(values.seconds);
const RATE = 24_000;
/** Frames before this one are sent at once. */
const FIRST_PACED = WIRE_LIMITS.sendAheadMs / FRAME_MS;

const bus = inProcessBus({});
const second = { rate: RATE, samples: new Int16Array(samplesInMs(1_000, RATE)).fill(1_000) } as const;
const latenessMs: number[] = [];
const wakes: number[] = [];
let frames = 0;
let bytes = 0;

const clock = {
  nowMs: realClock.nowMs,
  setTimer: (delayMs: number, fire: () => void) =>
    realClock.setTimer(delayMs, () => {
      wakes.push(delayMs);
      fire();
    }),
};

function start(index: number): ReplyTrack<typeof RATE> {
  const session = `bench-${index}`;
  const track = new ReplyTrack(RATE);
  let startMs = 0;
  bus.subscribe(subjects.audioOut(session), ({ payload }) => {
    bytes += payload.byteLength;
  });
  const logic = playbackChild({
    clock,
    track,
    sendFrame: (seq, samples) => {
      const nowMs = performance.now();
      if (seq === 0) startMs = nowMs;
      frames++;
      if (seq >= FIRST_PACED) latenessMs.push(nowMs - startMs - (seq + 1 - FIRST_PACED) * FRAME_MS);
      bus.publish(
        subjects.audioOut(session),
        new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength),
        { headers: { generation: '1', seq: String(seq) } },
      );
      return nowMs;
    },
    sendViseme: () => {},
  });
  createActor(logic, { input: { mailbox: new AsyncQueue<ChildMessage>() } }).start();
  track.write(second);
  track.write(second);
  return track;
}

let collections = 0;
let collectingMs = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    collections++;
    collectingMs += entry.duration;
  }
});
observer.observe({ entryTypes: ['gc'] });

const tracks: ReplyTrack<typeof RATE>[] = [];
for (let i = 0; i < sessions; i++) {
  tracks.push(start(i));
  if (!values.together && i % 10 === 9)
    await new Promise((resolve) => setTimeout(resolve, (400 / sessions) * 10));
}
latenessMs.length = 0;
wakes.length = 0;
frames = 0;
collections = 0;
collectingMs = 0;
const cpuBefore = process.cpuUsage();
const startMs = performance.now();
for (let i = 0; i < seconds; i++) {
  for (const track of tracks) track.write(second);
  await new Promise((resolve) => setTimeout(resolve, startMs + (i + 1) * 1_000 - performance.now()));
}
const cpu = process.cpuUsage(cpuBefore);
const elapsedMs = performance.now() - startMs;
const cpuMs = (cpu.user + cpu.system) / 1_000;
const result = {
  sessions,
  frames,
  cpuOfOneCore: cpuMs / elapsedMs,
  cpuUsPerFrame: (cpuMs * 1_000) / frames,
  wakesPerFrame: wakes.length / frames,
  collections,
  collectingMs,
  latenessMs: {
    p50: percentile(latenessMs, 0.5),
    p99: percentile(latenessMs, 0.99),
    max: percentile(latenessMs, 1),
  },
};
console.log(
  `sessions         ${sessions}, ${frames} frames in ${(elapsedMs / 1_000).toFixed(1)} s (${(bytes / 1_048_576).toFixed(0)} MB)`,
);
console.log(
  `CPU              ${(result.cpuOfOneCore * 100).toFixed(1)} % of a core, ${result.cpuUsPerFrame.toFixed(1)} µs a frame`,
);
console.log(`timers fired     ${result.wakesPerFrame.toFixed(2)} a frame`);
console.log(`garbage          ${collections} collections, ${collectingMs.toFixed(0)} ms`);
console.log(`lateness, ms     ${spread(latenessMs)}   (p50 / p95 / p99 / max)`);
if (values.json) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
process.exit(0);
