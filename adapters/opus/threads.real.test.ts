import type { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { joinedSamples } from '../../machines/audio.ts';
import { afterTest } from '../../test/support/after-test.ts';
import { chirp } from '../../testing/models/chirp.ts';
import { startWorkerThread } from '../worker-thread.ts';
import { opusHere } from './opus.ts';
import { opusThreads } from './threads.ts';

const unexpected = (error: Error) => {
  throw error;
};

function startCodec() {
  const workers: Worker[] = [];
  const codec = opusThreads({
    startThread: () => {
      const worker = startWorkerThread(import.meta.url, 'worker');
      workers.push(worker);
      return worker;
    },
  });
  afterTest(() => codec.close());
  return { codec, workers };
}

const TERMS = { rate: 24_000, frameSamples: 480, bitrate: 32_000, onError: unexpected } as const;
const frames = (samples: Int16Array) =>
  Array.from({ length: samples.length / 480 }, (_, at) => samples.slice(at * 480, (at + 1) * 480));

it('a thread gives the same packets and samples as the codec in this thread', async () => {
  const spoken = frames(chirp(480 * 25, 24_000));
  const [threaded, here]: Uint8Array[][] = [[], []];
  const { codec } = startCodec();
  const inThread = codec.encoder({ ...TERMS, onPacket: (packet) => threaded?.push(packet) });
  const inHere = (await opusHere()).encoder({ ...TERMS, onPacket: (packet) => here?.push(packet) });
  for (const frame of spoken) {
    inThread.push(frame);
    inHere.push(frame);
  }
  await expect.poll(() => threaded?.length).toBe(25);
  await expect.poll(() => here?.length).toBe(25);
  expect(threaded).toEqual(here);

  const heard: Int16Array[] = [];
  const decoder = codec.decoder({
    rate: 24_000,
    onAudio: (piece) => heard.push(piece),
    onError: unexpected,
  });
  for (const packet of threaded ?? []) decoder.push(packet, 480);
  await expect.poll(() => joinedSamples(heard).length).toBe(480 * 25);
});

it('streams share one thread, and what they have begun ends with the codec', async () => {
  const { codec, workers } = startCodec();
  const counts = [0, 0, 0];
  for (const stream of counts.keys())
    codec
      .encoder({ ...TERMS, onPacket: () => (counts[stream] = (counts[stream] ?? 0) + 1) })
      .push(new Int16Array(480));
  await expect.poll(() => counts).toEqual([1, 1, 1]);

  expect(workers).toHaveLength(1);
});

it('nothing is lost when the thread dies: another one encodes what was not answered', async () => {
  const { codec, workers } = startCodec();
  let packets = 0;
  const encoder = codec.encoder({ ...TERMS, onPacket: () => packets++ });
  const spoken = frames(chirp(480 * 40, 24_000));
  for (const frame of spoken.slice(0, 20)) encoder.push(frame);
  await expect.poll(() => packets).toBe(20);
  void workers[0]?.terminate();
  for (const frame of spoken.slice(20)) encoder.push(frame);
  await expect.poll(() => packets).toBe(40);

  expect(workers).toHaveLength(2);
});

it('an error ends the streams when no thread can start', async () => {
  const codec = opusThreads({
    startThread: () => {
      throw new Error('no thread');
    },
  });
  afterTest(() => codec.close());
  const failed = new Promise((resolve) => {
    codec
      .decoder({ rate: 16_000, onAudio: () => {}, onError: ({ code }) => resolve(code) })
      .push(new Uint8Array([8]), 320);
  });
  expect(await failed).toBe('ENGINE_CRASHED');
});
