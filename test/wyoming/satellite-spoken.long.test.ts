/** Real engines in a real process: a satellite that Parley dials, and a client of its services. */
import { expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { WIRE_LIMITS } from '../../machines/wire.ts';
import { sessionsPage } from '../../server/endpoints/inspect/wire.ts';
import { WyomingListener, type WyomingMessage, WyomingPeer } from '../../testing/loopback/mod.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { type ParleyProcess, parley } from '../support/processes.ts';
import { type Sound, silence, speak } from '../support/speech.ts';

const FORMAT = { rate: 16_000, width: 2, channels: 1 };
/** As of Home Assistant's satellites. */
const CHUNK = 1_024;
const CHUNK_MS = (CHUNK * 1_000) / FORMAT.rate;
/** A loaded machine sends, and this process reads, later than planned. */
const SLACK_MS = 250;

async function start(flags: readonly string[]): Promise<{ server: ParleyProcess; url: string }> {
  const server = parley(['serve', '--port', '0', '--data-dir', await temporaryFolder(), ...flags]);
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  while (!(await fetch(`${url}/readyz`)).ok) await new Promise<void>((next) => realClock.setTimer(50, next));
  return { server, url };
}

/** A microphone that always records: silence, until something is said into it. */
class Microphone {
  readonly #peer: WyomingPeer;
  #samples = new Int16Array(0);
  #sent = 0;
  readonly #startMs = realClock.nowMs();
  #stopped = false;

  constructor(peer: WyomingPeer) {
    this.#peer = peer;
    this.#record();
  }

  hear({ samples }: Sound): void {
    this.#samples = Int16Array.from([...this.#samples, ...samples]);
  }

  stop(): void {
    this.#stopped = true;
  }

  #record(): void {
    if (this.#stopped) return;
    const chunk = new Int16Array(CHUNK);
    chunk.set(this.#samples.subarray(0, CHUNK));
    this.#samples = this.#samples.subarray(CHUNK);
    this.#peer.send('audio-chunk', FORMAT, new Uint8Array(chunk.buffer));
    this.#sent += 1;
    realClock.setTimer(this.#startMs + this.#sent * CHUNK_MS - realClock.nowMs(), () => this.#record());
  }
}

it('a satellite holds a spoken conversation, and interrupts a story, of which nothing stale is sent', async () => {
  const satellite = await WyomingListener.start();
  afterTest(() => satellite.close());
  const { server, url } = await start(['--wyoming.satellites', satellite.url]);
  const peer = await satellite.server();
  await peer.next('run-satellite');
  /** How far ahead of its playback the audio of each reply came at most, and its length, ms. */
  const replies: { startMs: number; ms: number; aheadMs: number; stopped?: boolean }[] = [];
  peer.onEvent = ({ type, payload }: WyomingMessage) => {
    if (type === 'audio-start') replies.push({ startMs: realClock.nowMs(), ms: 0, aheadMs: 0 });
    const reply = replies.at(-1);
    if (reply && type === 'audio-chunk') {
      expect(reply.stopped).toBeUndefined();
      reply.ms += payload.byteLength / 48;
      reply.aheadMs = Math.max(reply.aheadMs, reply.ms - (realClock.nowMs() - reply.startMs));
    }
    if (reply && type === 'audio-stop') {
      reply.stopped = true;
      peer.send('played');
    }
  };
  peer.send('info', { satellite: { name: 'shelf', area: 'kitchen' } });
  peer.send('run-pipeline', { start_stage: 'wake', end_stage: 'tts', restart_on_end: true });
  const microphone = new Microphone(peer);
  afterTest(() => microphone.stop());

  microphone.hear(silence(300));
  microphone.hear(speak('tell me a story'));
  expect((await peer.next('transcript')).data).toMatchObject({ text: 'tell me a story' });
  expect((await peer.next('synthesize')).data.text).toMatch(/^Once upon a time/u);
  await peer.until(() => (replies[0]?.ms ?? 0) > 3_000, '3 s of the story');
  microphone.hear(speak('what is your name'));
  const interruptedAt = realClock.nowMs();
  await peer.next('audio-stop');
  expect(realClock.nowMs() - interruptedAt).toBeLessThan(5_000);
  expect((await peer.next('transcript', 1)).data).toMatchObject({ text: 'what is your name' });
  expect((await peer.next('synthesize', 1)).data.text).toMatch(/Parley|robot/iu);
  await peer.next('audio-stop', 1);
  expect(replies).toHaveLength(2);
  for (const { aheadMs } of replies) expect(aheadMs).toBeLessThan(WIRE_LIMITS.sendAheadMs + SLACK_MS);
  expect(peer.of('voice-started').length).toBeGreaterThanOrEqual(2);
  expect(peer.of('error')).toEqual([]);

  const page = sessionsPage.parse(await (await fetch(`${url}/v1/inspect/sessions`)).json());
  expect(page.live).toMatchObject([{ endpoint: 'wyoming-satellite' }]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('parley_sessions_opened_total{endpoint="wyoming-satellite"} 1');
  expect(metrics).toContain('parley_turns_total{reason="interrupted"} 1');
  expect(server.lines.filter((line) => line.includes('invariant'))).toEqual([]);
});

it('the services understand what they have said themselves', async () => {
  const { server } = await start(['--wyoming.port', '0']);
  const [, port] = await server.line(/tcp:\/\/127\.0\.0\.1:(\d+)/u);
  const peer = await WyomingPeer.connect(Number(port));
  afterTest(() => peer.socket.destroy());
  peer.send('describe');
  expect((await peer.next('info')).data).toMatchObject({
    asr: [
      {
        models: [{ name: 'soundswallower', languages: ['en', 'zh', 'ja', 'ko'] }],
        supports_transcript_streaming: true,
      },
    ],
    tts: [{ voices: [{ name: 'espeak', languages: ['en'] }] }],
    handle: [{ models: [{ name: 'dialog' }] }],
    intent: [{ models: [{ name: 'dialog' }] }],
  });
  peer.send('synthesize', { text: 'what is your name' });
  await peer.next('audio-stop');
  const format = (await peer.next('audio-start')).data;
  peer.send('transcribe', { language: 'en' });
  peer.send('audio-start', format);
  for (const { payload } of peer.of('audio-chunk')) peer.send('audio-chunk', format, payload);
  peer.send('audio-stop');
  const { text } = (await peer.next('transcript')).data;
  expect(text).toBe('what is your name');
  peer.send('transcript', { text });
  expect((await peer.next('handled')).data.text).toMatch(/Parley|robot/iu);
  peer.send('recognize', { text: 'go forward two meters' });
  expect((await peer.next('intent')).data).toMatchObject({
    ...{ name: 'go-forward', entities: [{ name: 'distance', value: 2 }] },
  });
  expect(peer.of('error')).toEqual([]);
});
