import { createDecoder, createEncoder } from 'libopus-wasm';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { OpusCodec } from '../../../actors/ports/opus.ts';
import { opusHere } from '../../../adapters/opus/opus.ts';
import { joinedSamples } from '../../../machines/audio.ts';
import { decodeOpusAudio, type OpusFrame } from '../../../machines/audio-message.ts';
import { chirp, lagOf } from '../../../testing/models/chirp.ts';
import { replyEnd, startRig, type TestClient } from '../../door/door-test-util.ts';

const RATE = 24_000;
const FRAME = 480;
const PRE_SKIP = 156;
/** The codec's filters shift a tone by up to so many samples. */
const PHASE = 2;

/** A client of Opus in place of the one that reads PCM: keeps what arrives, in order. */
async function opusSession(hello: object = {}, opus?: OpusCodec) {
  const rig = await startRig({ opus: opus ?? (await opusHere()) });
  const client = await rig.connect().opened();
  const frames: OpusFrame[] = [];
  client.socket.removeAllListeners('message');
  client.socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (!isBinary) client.received.push({ kind: 'json', message: JSON.parse(data.toString()) });
    else {
      const frame = decodeOpusAudio(data);
      if (frame) frames.push({ ...frame, packet: frame.packet.slice() });
    }
  });
  client.say({ type: 'hello', audio: { codec: 'opus', ...hello } });
  const session = await rig.host.opened.take();
  const ready = await client.json('ready');
  return { rig, client, session, ready, frames };
}

async function decoded(frames: readonly OpusFrame[]): Promise<Int16Array> {
  const decoder = await createDecoder({ sampleRate: RATE, channels: 1 });
  return joinedSamples(
    frames.map(({ seq, samples, packet }) => {
      const skip = seq === 0 ? PRE_SKIP : 0;
      return decoder.decode(packet).subarray(skip, skip + samples);
    }),
  );
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Int16Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

async function spokenPackets(samples: Int16Array, frame = 320): Promise<Uint8Array[]> {
  const encoder = await createEncoder({ sampleRate: 16_000, channels: 1, frameSize: frame, bitrate: 24_000 });
  const packets: Uint8Array[] = [];
  for (let at = 0; at < samples.length; at += frame)
    packets.push(encoder.encode(samples.slice(at, at + frame)));
  return packets;
}

const warning = async (client: TestClient) => (await client.json('error')).code;

describe('negotiation', () => {
  it('Opus is granted with the pre-skip of the reply’s audio', async () => {
    const { ready } = await opusSession();
    expect(ready.audio).toEqual({ inputRate: 16_000, outputRate: RATE, codec: 'opus', preSkip: PRE_SKIP });
  });

  it('a server without the codec grants PCM, as does one that is not asked', async () => {
    const plain = { inputRate: 16_000, outputRate: RATE };
    const without = await startRig();
    const asks = await without.hello({ audio: { codec: 'opus' } });
    expect((await asks.json('ready')).audio).toEqual(plain);

    const rig = await startRig({ opus: await opusHere() });
    const asksNot = await rig.hello();
    expect((await asksNot.json('ready')).audio).toEqual(plain);
  });

  it('Opus with G.711 or an unknown bitrate is refused', async () => {
    const rig = await startRig({ opus: await opusHere() });
    const wrong = [{ inputFormat: 'mulaw' }, { bitrate: 500 }];
    for (const audio of wrong) {
      const client = await rig.hello({ audio: { codec: 'opus', ...audio } });
      expect(await client.json('error')).toMatchObject({ code: 'BAD_HELLO', fatal: true });
    }
  });
});

describe('the reply', () => {
  it.each([20, 60])(
    'arrives in packets of %i ms that bring exactly the samples of the session',
    async (frameMs) => {
      const { session, frames } = await opusSession({ frameMs });
      const frame = (RATE * frameMs) / 1_000;
      const spoken = chirp(frame * 20, RATE);
      for (let seq = 0; seq < 20; seq++)
        session.play(1, seq, bytesOf(spoken.slice(seq * frame, (seq + 1) * frame)));
      session.sent(1);
      await expect.poll(() => frames.length).toBe(21);

      expect(frames.map(({ seq }) => seq)).toEqual([...frames.keys()]);
      const heard = await decoded(frames);
      expect(heard).toHaveLength(spoken.length);
      expect(Math.abs(lagOf(heard, spoken, 60))).toBeLessThanOrEqual(PHASE);
    },
  );

  it('the next generation begins with its own pre-skip', async () => {
    const { session, frames } = await opusSession();
    const spoken = chirp(FRAME * 10, RATE);
    for (const generation of [1, 2]) {
      for (let seq = 0; seq < 10; seq++)
        session.play(generation, seq, bytesOf(spoken.slice(seq * FRAME, (seq + 1) * FRAME)));
      session.sent(generation);
    }
    await expect.poll(() => frames.length).toBe(22);

    const second = (await decoded(frames)).subarray(spoken.length);
    expect(second).toHaveLength(spoken.length);
    expect(Math.abs(lagOf(second, spoken, 60))).toBeLessThanOrEqual(PHASE);
  });

  it('no packet follows a flush, though its frame was in the encoder', async () => {
    const slow = new SlowCodec(await opusHere());
    const { session, client, frames } = await opusSession({}, slow);
    for (let seq = 0; seq < 3; seq++) session.play(1, seq);
    await slow.finish(1);
    session.say({ type: 'flush', generation: 1 });
    await client.json('flush');
    await slow.finish(2);
    session.play(2, 0);
    await slow.finish(1);
    await expect.poll(() => frames.length).toBe(2);

    expect(frames.map(({ generation, seq }) => [generation, seq])).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  it('packets wait while a stop is suspected, and leave in order once it is refuted', async () => {
    const slow = new SlowCodec(await opusHere());
    const { session, client, frames } = await opusSession({}, slow);
    for (let seq = 0; seq < 2; seq++) session.play(1, seq);
    session.say({ type: 'hold', held: true });
    await client.json('hold');
    await slow.finish(2);
    await client.pinged();
    expect(frames).toEqual([]);
    session.say({ type: 'hold', held: false });
    await expect.poll(() => frames.length).toBe(2);

    expect(frames.map(({ seq }) => seq)).toEqual([0, 1]);
  });

  it('nothing leaves the encoder after the client’s own stop', async () => {
    const slow = new SlowCodec(await opusHere());
    const { session, client, frames } = await opusSession({}, slow);
    session.play(1, 0);
    client.say({ type: 'halt' });
    expect(await session.commands.take()).toEqual({ type: 'halt' });
    await slow.finish(1);
    session.say({ type: 'flush', generation: 1 });
    session.say(replyEnd(1, 'interrupted', ''));
    await client.json('reply.end');

    expect(frames).toEqual([]);
  });
});

describe('what the user says', () => {
  it('reaches the session as its samples, from the first one', async () => {
    const { session, client } = await opusSession();
    const spoken = chirp(320 * 30, 16_000);
    for (const packet of await spokenPackets(spoken)) client.socket.send(packet);
    const pieces: Int16Array[] = [];
    let next = 0;
    for (let packet = 0; packet < 30; packet++) {
      const { sample, bytes } = await session.heard.take();
      expect(sample).toBe(next);
      next += bytes.byteLength / 2;
      pieces.push(new Int16Array(bytes.slice().buffer));
    }

    const heard = joinedSamples(pieces);
    expect(heard).toHaveLength(spoken.length - 104);
    expect(Math.abs(lagOf(heard, spoken.subarray(0, heard.length), 60))).toBeLessThanOrEqual(PHASE);
  });

  it('a commit keeps its place behind the audio before it', async () => {
    const slow = new SlowCodec(await opusHere());
    const { session, client, rig } = await opusSession({}, slow);
    for (const packet of await spokenPackets(chirp(640, 16_000))) client.socket.send(packet);
    client.say({ type: 'commit' });
    client.say({ type: 'halt' });
    expect(await session.commands.take()).toEqual({ type: 'halt' });
    await slow.finish(2);
    expect(await session.commands.take()).toEqual({ type: 'commit' });

    expect(rig.door.counters.audioMessagesIn).toBe(2);
  });

  it('a damaged packet gets an error, and its time is filled', async () => {
    const { session, client } = await opusSession();
    const [first, second, third] = await spokenPackets(chirp(960, 16_000));
    if (!first || !second || !third) throw new Error('three packets');
    client.socket.send(first);
    // Two frames of the same length do not have three bytes.
    client.socket.send(new Uint8Array([(second[0] ?? 0) | 1, 1, 2, 3]));
    client.socket.send(third);
    const lengths = [];
    for (let packet = 0; packet < 3; packet++)
      lengths.push((await session.heard.take()).bytes.byteLength / 2);

    expect(await warning(client)).toBe('AUDIO_DAMAGED');
    expect(lengths).toEqual([320 - 104, 640, 320]);
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it.each([
    ['an empty message', new Uint8Array()],
    ['a packet of 120 ms', new Uint8Array([0b0001_1001, 1, 2])],
    ['a packet of 1,501 bytes', new Uint8Array(1_501)],
    ['a packet without frames', new Uint8Array([0b0000_1011, 0])],
  ])('%s gets an error and is ignored', async (_name, packet) => {
    const { session, client } = await opusSession();
    client.socket.send(packet);
    expect(await client.json('error')).toMatchObject({ code: 'AUDIO_DAMAGED', fatal: false });
    const [good] = await spokenPackets(chirp(320, 16_000));
    client.socket.send(good ?? new Uint8Array());

    expect((await session.heard.take()).sample).toBe(0);
  });

  it('is heard though the codec was late by six seconds', async () => {
    const slow = new SlowCodec(await opusHere());
    const { session, client } = await opusSession({}, slow);
    const [packet] = await spokenPackets(new Int16Array(960), 960);
    for (let sent = 0; sent < 100; sent++) client.socket.send(packet ?? new Uint8Array());
    await slow.finish(100);
    client.say({ type: 'commit' });
    expect(await session.commands.take()).toEqual({ type: 'commit' });

    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('faster than real time is too fast, as with PCM', async () => {
    const { client } = await opusSession();
    const [packet] = await spokenPackets(new Int16Array(960), 960);
    for (let sent = 0; sent < 300; sent++) client.socket.send(packet ?? new Uint8Array());
    expect(await client.json('error')).toMatchObject({ code: 'TOO_FAST', fatal: true });
  });

  it('a flood of damaged packets ends the connection', async () => {
    const { client } = await opusSession();
    for (let sent = 0; sent < 600; sent++) client.socket.send(new Uint8Array([3]));
    expect((await client.closed).reason).toBe('TOO_FAST');
  });
});

/** The codec with a thread that is slow: what it has made is passed on when the test says so. */
class SlowCodec implements OpusCodec {
  readonly #codec: OpusCodec;
  readonly #made: (() => void)[] = [];

  constructor(codec: OpusCodec) {
    this.#codec = codec;
  }

  async finish(count: number): Promise<void> {
    await expect.poll(() => this.#made.length).toBeGreaterThanOrEqual(count);
    for (const pass of this.#made.splice(0, count)) pass();
  }

  decoder: OpusCodec['decoder'] = (options) =>
    this.#codec.decoder({
      ...options,
      onAudio: (...made) => this.#made.push(() => options.onAudio(...made)),
    });

  encoder: OpusCodec['encoder'] = (options) =>
    this.#codec.encoder({
      ...options,
      onPacket: (packet) => this.#made.push(() => options.onPacket(packet)),
    });

  close(): Promise<void> {
    return this.#codec.close();
  }
}
