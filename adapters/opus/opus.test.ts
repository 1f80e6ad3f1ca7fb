import { createEncoder } from 'libopus-wasm';
import { expect, it } from 'vitest';
import type { OpusCodec, OpusRate } from '../../actors/ports/opus.ts';
import { joinedSamples } from '../../machines/audio.ts';
import { opusPreSkip, opusSamples } from '../../machines/opus-packet.ts';
import { chirp, lagOf } from '../../testing/models/chirp.ts';
import { openEncoder, opusHere } from './opus.ts';

const unexpected = (error: Error) => {
  throw error;
};

async function packetsOf(codec: OpusCodec, samples: Int16Array, rate: OpusRate, ms: number) {
  const frameSamples = (rate * ms) / 1_000;
  const packets: Uint8Array[] = [];
  const onPacket = (packet: Uint8Array) => packets.push(packet);
  const encoder = codec.encoder({ rate, frameSamples, bitrate: 32_000, onPacket, onError: unexpected });
  for (let at = 0; at < samples.length; at += frameSamples)
    encoder.push(samples.slice(at, at + frameSamples));
  await expect.poll(() => packets.length).toBe(samples.length / frameSamples);
  encoder.close();
  return packets;
}

it.each([
  [16_000, 20],
  [24_000, 60],
] as const)(
  'at %i Hz in frames of %i ms a voice returns after the pre-skip, to the sample',
  async (rate, ms) => {
    const codec = await opusHere();
    const spoken = chirp(rate * 1.2, rate);
    const packets = await packetsOf(codec, spoken, rate, ms);
    const pieces: Int16Array[] = [];
    const decoder = codec.decoder({ rate, onAudio: (piece) => pieces.push(piece), onError: unexpected });
    for (const packet of packets) decoder.push(packet, opusSamples(packet, rate) ?? 0);
    await expect.poll(() => pieces.length).toBe(packets.length);
    decoder.close();

    const heard = joinedSamples(pieces);
    expect(heard).toHaveLength(spoken.length);
    const lag = lagOf(heard.subarray(opusPreSkip(rate)), spoken.subarray(0, -opusPreSkip(rate)), 40);
    // The codec's filters shift a tone by up to so many samples.
    expect(Math.abs(lag)).toBeLessThanOrEqual(2);
    expect(packets.reduce((sum, { byteLength }) => sum + byteLength, 0) * 8).toBeLessThan(1.2 * 40_000);
  },
);

it('the encoder’s lookahead is the pre-skip that the protocol announces', async () => {
  const rates = [8_000, 16_000, 24_000, 48_000] as const;
  for (const sampleRate of rates)
    expect((await createEncoder({ sampleRate, channels: 1 })).getLookahead()).toBe(opusPreSkip(sampleRate));
  const encoder = await openEncoder({ rate: 24_000, frameSamples: 480, bitrate: 16_000 });
  expect(encoder.getLookahead()).toBe(opusPreSkip(24_000));
});

it('a damaged packet is concealed for its time, and the next one is decoded', async () => {
  const codec = await opusHere();
  const [first, , third] = await packetsOf(codec, chirp(960, 16_000), 16_000, 20);
  const heard: [number, boolean][] = [];
  const onAudio = (samples: Int16Array, damaged: boolean) => heard.push([samples.length, damaged]);
  const decoder = codec.decoder({ rate: 16_000, onAudio, onError: unexpected });
  const damaged = new Uint8Array([0xff, 0xff, 0xff, 3]);
  for (const packet of [first, damaged, third]) decoder.push(packet ?? new Uint8Array(), 320);
  await expect.poll(() => heard.length).toBe(3);

  expect(heard).toEqual([
    [320, false],
    [320, true],
    [320, false],
  ]);
});
