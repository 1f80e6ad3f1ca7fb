import { createActor } from 'xstate';
import { type OutputRate, samplesInMs } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { ChildMessage } from '../../machines/session/commands.ts';
import type { ChildEvent } from '../../machines/session/events.ts';
import { AsyncQueue } from '../async-queue.ts';
import { Listener } from '../reply/listener.ts';
import { ReplyTrack } from '../reply-track.ts';
import { playbackChild } from './playback.ts';

interface Frame {
  readonly atMs: number;
  readonly seq: number;
  readonly samples: Int16Array;
}

export const settle = async () => {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** A process that is not given the processor for a while. */
export class StallingClock extends VirtualClock {
  #stalledMs = 0;

  stall(forMs: number): void {
    this.#stalledMs += forMs;
  }

  override nowMs(): number {
    return super.nowMs() + this.#stalledMs;
  }
}

export function start(
  rate: OutputRate = 24_000,
  sendFrame: (seq: number) => void = () => {},
  clock = new VirtualClock({ settle }),
  aheadMs?: number,
  frameMs?: number,
) {
  const track = new ReplyTrack(rate);
  const mailbox = new AsyncQueue<ChildMessage>();
  const frames: Frame[] = [];
  const visemes: { viseme: number; atMs: number }[] = [];
  const events: ChildEvent[] = [];
  const sentAtMs: number[] = [];
  const listener = new Listener({ generation: 1, track, clock, startMs: 0 });
  const logic = playbackChild({
    clock,
    track,
    listener,
    onSent: () => sentAtMs.push(clock.nowMs()),
    ...{ aheadMs, frameMs },
    sendFrame: (seq, samples) => {
      sendFrame(seq);
      frames.push({ atMs: clock.nowMs(), seq, samples });
      return clock.nowMs();
    },
    sendViseme: ({ viseme }, inMs) => visemes.push({ viseme, atMs: clock.nowMs() + inMs }),
  });
  const actor = createActor(logic, { input: { mailbox } });
  let failure: unknown;
  actor.on('*', (event) => events.push(event));
  actor.subscribe({ error: (error) => (failure = error) });
  actor.start();
  let written = 0;
  /** A ramp, so that every sample differs from its neighbours. */
  const write = (ms: number) => {
    const samples = Int16Array.from({ length: samplesInMs(ms, rate) }, () => (written++ % 30_000) + 1);
    track.write({ rate, samples });
  };
  return {
    clock,
    track,
    listener,
    mailbox,
    frames,
    visemes,
    sentAtMs,
    events,
    actor,
    write,
    output: () => actor.getSnapshot().output,
    failure: () => failure,
  };
}

/** All sent audio, as one piece. */
export function sound(frames: readonly Frame[]): number[] {
  return frames.flatMap(({ samples }) => [...samples]);
}

export function ramp(samples: number): number[] {
  return Array.from({ length: samples }, (_, i) => (i % 30_000) + 1);
}
