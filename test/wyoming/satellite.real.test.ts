/** A satellite and the whole server, with scripted engines: what the session itself makes of its events. */
import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { WyomingListener, type WyomingPeer } from '../../testing/loopback/mod.ts';
import { type Scene, sound, speakInto, startServer } from '../realtime/scene.ts';
import { afterTest } from '../support/after-test.ts';

/** Of `sound`. */
const FORMAT = { rate: 24_000, width: 2, channels: 1 };
const COUNTING = 'One two three four five six seven eight nine ten.';

async function meet(run: object, scene: Scene) {
  const satellite = await WyomingListener.start();
  afterTest(() => satellite.close());
  const started = await startServer({ ...scene, flags: { 'wyoming.satellites': satellite.url } });
  const peer = await satellite.server();
  await peer.next('run-satellite');
  peer.send('run-pipeline', run);
  await peer.next('transcribe');
  return { ...started, peer };
}

const speak = (peer: WyomingPeer, ms: number, silentMs: number) =>
  speakInto(
    (pcm) => peer.send('audio-chunk', FORMAT, pcm),
    Buffer.concat([sound(ms, true), sound(silentMs, false)]),
  );

it('one that always listens is stopped by voice, and answered again', async () => {
  const { peer } = await meet(
    { start_stage: 'wake', end_stage: 'tts', restart_on_end: true },
    {
      said: [{ text: 'count' }, { text: 'stop' }, { text: 'hello' }],
      reply: ({ messages }) => ({ text: messages.at(-1)?.content === 'count' ? COUNTING : 'Hello.' }),
      voice: { msPerChar: 100 },
    },
  );
  await speak(peer, 600, 900);
  await peer.next('audio-chunk');
  await speak(peer, 600, 900);
  await peer.next('audio-stop');
  expect(peer.of('transcript').map(({ data }) => data.text)).toEqual(['count', 'stop']);
  const before = peer.of('audio-chunk').length;
  await speak(peer, 600, 900);
  expect((await peer.next('synthesize', 1)).data).toEqual({ text: 'Hello.' });
  await peer.next('audio-stop', 1);
  expect(before).toBeLessThan((COUNTING.length * 100) / 20);
  expect(peer.of('error')).toEqual([]);
});

it('one with a button ends the turn with it, and its wake word interrupts the reply', async () => {
  const { peer, asked } = await meet(
    { start_stage: 'asr', end_stage: 'tts' },
    { said: [{ text: 'count' }], reply: () => ({ text: COUNTING }), voice: { msPerChar: 100 } },
  );
  peer.send('audio-stop');
  expect((await peer.next('transcript')).data).toEqual({ text: '' });
  const releasedMs = realClock.nowMs();
  await speak(peer, 500, 0);
  peer.send('audio-stop');
  expect((await peer.next('transcript', 1)).data).toEqual({ text: 'count' });
  await peer.next('audio-chunk', 80);
  expect(realClock.nowMs() - releasedMs).toBeLessThan(5_000);
  peer.send('detection', { name: 'ok robot' });
  await peer.next('audio-stop');
  peer.send('played');
  peer.send('transcript', { text: 'go on' });
  await peer.next('audio-start', 1);
  // Of the 1.6 s that were sent, 1.4 s have been heard.
  const { role, content } = asked.at(-1)?.messages.at(-2) ?? {};
  expect([role, content]).toEqual(['assistant', expect.stringMatching(/^One two\b/u)]);
  expect(content?.length).toBeLessThan(COUNTING.length / 2);
  expect(peer.of('error')).toEqual([]);
});
