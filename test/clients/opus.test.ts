/** The TypeScript client with Opus before the real door, with the real codec. */
import { expect, it } from 'vitest';
import { opusHere } from '../../adapters/opus/opus.ts';
import type { Played } from '../../clients/typescript/src/audio/playout.ts';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { joinedSamples } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { startRig } from '../../server/door/door-test-util.ts';
import { chirp, lagOf } from '../../testing/models/chirp.ts';
import { afterTest } from '../support/after-test.ts';

const FRAME = 480;

async function conversation(opus = opusHere()) {
  const rig = await startRig({ opus: await opus });
  const clock = new VirtualClock({ settle: () => new Promise((settled) => setImmediate(settled)) });
  const client = new ParleyClient({ url: rig.address.url, clock, codec: 'opus' });
  afterTest(() => client.close());
  const ready = await client.connect();
  return { rig, clock, client, ready, session: await rig.host.opened.take() };
}

it('plays exactly the samples of the reply, and reports them', async () => {
  const { clock, client, session } = await conversation();
  const heard: Int16Array[] = [];
  const played: Played[] = [];
  client.output.on('data', (bytes: Buffer) => heard.push(new Int16Array(Uint8Array.from(bytes).buffer)));
  client.on('played', (report) => played.push(report));
  const spoken = chirp(FRAME * 25, 24_000);
  for (let seq = 0; seq < 25; seq++) {
    const { buffer } = spoken.slice(seq * FRAME, (seq + 1) * FRAME);
    session.play(1, seq, new Uint8Array(buffer));
  }
  const last = client.next('frame', ({ seq }) => seq === 25);
  session.sent(1);
  await last;
  await clock.advance(1_000);

  expect(played.at(-1)).toEqual({ generation: 1, samples: spoken.length, cause: 'drained' });
  await expect.poll(() => joinedSamples(heard).length).toBe(spoken.length);
  expect(Math.abs(lagOf(joinedSamples(heard), spoken, 60))).toBeLessThanOrEqual(2);
});

it('sends what is said as packets, and silence as packets of one byte', async () => {
  const { client, session, rig } = await conversation();
  const sizes: number[] = [];
  const spoken = chirp(320 * 20, 16_000);
  client.audio(spoken);
  client.audio(new Int16Array(320 * 30));
  const heard: Int16Array[] = [];
  for (let packet = 0; packet < 50; packet++) {
    const { bytes } = await session.heard.take();
    sizes.push(bytes.byteLength);
    heard.push(new Int16Array(Uint8Array.from(bytes).buffer));
  }

  expect(sizes).toEqual([2 * (320 - 104), ...Array(49).fill(640)]);
  expect(Math.abs(lagOf(joinedSamples(heard), spoken, 60))).toBeLessThanOrEqual(2);
  expect(rig.door.counters.audioMessagesIn).toBe(50);
});

it('talks PCM with a server that has no Opus', async () => {
  const rig = await startRig();
  const client = new ParleyClient({ url: rig.address.url, codec: 'opus' });
  afterTest(() => client.close());
  expect((await client.connect()).audio.codec).toBeUndefined();
  const session = await rig.host.opened.take();
  const samples = new Int16Array(320).fill(7);
  client.audio(samples);

  const { bytes } = await session.heard.take();
  expect(new Int16Array(Uint8Array.from(bytes).buffer)).toEqual(samples);
});
