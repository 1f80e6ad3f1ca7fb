import { expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { naiveResamplers } from './door-test-util.ts';
import { Uplink } from './uplink.ts';

it('resamples audio that begins at an odd offset of a socket’s buffer', () => {
  const sent: Uint8Array[] = [];
  const uplink = new Uplink({
    ...{ inputRate: 24_000, clock: new VirtualClock(), resamplers: naiveResamplers, stalledMs: () => 0 },
    send: (pcm) => sent.push(pcm),
  });
  // As the second of two messages in one packet.
  const packet = Buffer.concat([
    Buffer.alloc(1),
    Buffer.from(Int16Array.from({ length: 480 }, () => 7).buffer),
  ]);
  expect(uplink.accept(packet.subarray(1))).toBeUndefined();
  const [pcm] = sent;
  expect(pcm && [...new Set(new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength / 2))]).toEqual([7]);
});
