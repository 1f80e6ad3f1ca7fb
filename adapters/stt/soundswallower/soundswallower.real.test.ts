import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expecter, withBehaviour } from '../../../actors/behaviour/hearing.ts';
import { behaviourProgram } from '../../../actors/behaviour/program.ts';
import { matchDialog, parseDialog } from '../../../actors/dialog/mod.ts';
import type { SttEngine, SttEvent } from '../../../actors/ports/stt.ts';
import { pieces, recording, speak } from '../../../lab/hearing/speech.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../../machines/audio.ts';
import { behaviour } from '../../../machines/behaviour/define.ts';
import type { Wanted } from '../../../machines/behaviour/program.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { startWorkerThread } from '../../worker-thread.ts';
import { type SoundswallowerOptions, soundswallowerStt } from './soundswallower.ts';

const dialog = parseDialog(
  readFileSync(new URL('../../../examples/robot.dialog.yaml', import.meta.url), 'utf8'),
  'robot.dialog.yaml',
);
const request = { language: 'en' };
const never = new AbortController().signal;
const recordings = process.env.PARLEY_SPEECH_DIR ?? join(process.cwd(), '..', 'shared', 'audio');

async function eventsOf(events: AsyncIterable<SttEvent>): Promise<readonly SttEvent[]> {
  const all: SttEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

async function finalOf(engine: SttEngine, audio: AsyncIterable<Pcm<PipelineRate>>) {
  const last = (await eventsOf(engine.transcribe(audio, request, never))).at(-1);
  if (last?.type !== 'final') throw new Error('there is no final');
  return last;
}

async function heard(engine: SttEngine, audio: AsyncIterable<Pcm<PipelineRate>>): Promise<string> {
  return (await finalOf(engine, audio)).text;
}

const said = (text: string) => speak(text, 'en-us');
const spoken = async (text: string) => pieces(await said(text));

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Speech that starts and does not end before `end`; `waiting` resolves when more of it is read. */
function endless(first: Pcm<PipelineRate>) {
  const returned = deferred();
  const waiting = deferred();
  async function* audio(): AsyncGenerator<Pcm<PipelineRate>> {
    yield first;
    waiting.resolve();
    await returned.promise;
  }
  return { audio: audio(), waiting: waiting.promise, end: returned.resolve };
}

/** An engine whose threads the test can access. */
function reachable(options: Partial<SoundswallowerOptions> = {}) {
  const threads: Worker[] = [];
  const engine = soundswallowerStt({
    dialog,
    workers: 1,
    decodersPerWorker: 1,
    startThread: (thread) => {
      const worker = startWorkerThread(import.meta.url, 'worker', thread);
      threads.push(worker);
      return worker;
    },
    ...options,
  });
  afterTest(() => engine.close());
  return { engine, threads };
}

describe('the grammar of the moment', () => {
  it('hears only what can be said now, one utterance after the other', async () => {
    const program = behaviourProgram(porter);
    const engine = soundswallowerStt({
      dialog: withBehaviour(dialog, program),
      workers: 1,
      decodersPerWorker: 1,
    });
    afterTest(() => engine.close());
    const expected = expecter(program);
    const hear = async (text: string, wanted: Wanted) => {
      const now = expected?.(wanted);
      const events = engine.transcribe(
        await spoken(text),
        { language: 'en', ...(now && { expected: now }) },
        never,
      );
      const last = (await eventsOf(events)).at(-1);
      return last?.type === 'final' ? last.text : undefined;
    };
    const bring = { phrases: ['bring'] };
    const asked = { phrases: [], answer: { slot: 'room' } };
    expect(await hear('bring me the towels', bring)).toBe('bring me the towels');
    expect(await hear('bring me the towels', asked)).toBe('');
    expect(await hear('room twenty seven', asked)).toBe('room twenty seven');
    expect(await hear('what is your name', asked)).toBe('what is your name');
    expect(await hear('stop', asked)).toMatch(/^stop/u);
    expect(await hear('bring me the towels', bring)).toBe('bring me the towels');
  });
});

const porter = behaviour({
  id: 'porter',
  phrases: { bring: ['bring me the {item}'] },
  slots: { item: ['coffee', 'towels'], room: 'number 1..40' },
}).createMachine({ initial: 'ready', states: { ready: {} } });

describe('the SoundSwallower STT', () => {
  let engine: SttEngine;
  beforeAll(async () => {
    engine = soundswallowerStt({ dialog, workers: 1, decodersPerWorker: 2 });
    await engine.warm?.();
  });
  afterAll(() => engine.close());

  it('recognises a sentence of the dialog with partials and one final', async () => {
    const audio = await spoken('go forward ten meters');
    const events = await eventsOf(engine.transcribe(audio, request, never));
    const final = events.at(-1);
    expect(final).toMatchObject({ type: 'final', language: 'en' });
    expect(matchDialog(dialog, final?.text ?? '')?.slots).toMatchObject({ distance: { value: 10 } });
    expect(final?.type === 'final' && final.confidence).toBeGreaterThan(0.5);
    expect(events.filter(({ type }) => type === 'final')).toHaveLength(1);
    const partials = events.filter(({ type }) => type === 'partial').map(({ text }) => text);
    expect(partials.length).toBeGreaterThan(0);
    expect(partials.every((text, i) => text !== '' && text !== partials[i - 1])).toBe(true);
  });

  it('gives the same result for the same audio, regardless of earlier speakers and of its pieces', async () => {
    const speech = await said('what is your name');
    const whole = async function* () {
      yield speech;
    };
    const first = await eventsOf(engine.transcribe(whole(), request, never));
    await heard(engine, pieces(await speak('tell me a story', 'en-us+f3')));
    const again = await eventsOf(engine.transcribe(whole(), request, never));
    expect(again.at(-1)).toEqual(first.at(-1));
    expect(await heard(engine, pieces(speech))).toBe('what is your name');
  });

  it('is not moved by the silence before and after the speech', async () => {
    const { rate, samples } = await said('turn left');
    const finals: SttEvent[] = [];
    for (const [before, after] of [
      [0, 0],
      [0, 8_000],
      [0, 48_000],
      [16_000, 0],
    ] as const) {
      const padded = new Int16Array(before + samples.length + after);
      padded.set(samples, before);
      finals.push(await finalOf(engine, pieces({ rate, samples: padded })));
    }
    expect(finals[0]).toMatchObject({ text: 'turn left' });
    expect(finals.slice(1, 3)).toEqual([finals[0], finals[0]]);
    expect(finals[3]).toMatchObject({ text: 'turn left' });
  });

  it('understands phrases with parts in any order, of which there are far more than 10,000 sentences', async () => {
    const file = new URL('../../../examples/coffee.dialog.yaml', import.meta.url);
    const coffee = parseDialog(readFileSync(file, 'utf8'), 'coffee.dialog.yaml');
    const { engine: barista } = reachable({ dialog: coffee });
    for (const order of [
      'get me a large dark roast double shot latte with soy milk',
      'I want a double shot medium espresso with two sugars',
    ]) {
      const text = await heard(barista, await spoken(order));
      const meant = matchDialog(coffee, order);
      expect(meant?.how).toBe('exact');
      expect([text, matchDialog(coffee, text)?.slots]).toEqual([text, meant?.slots]);
    }
  });

  it('recognises a backchannel', async () => {
    expect(dialog.backchannels).toContain(await heard(engine, await spoken('uh-huh')));
  });

  it('understands a high voice', async () => {
    expect(await heard(engine, pieces(await speak('go forward', 'en-us+f3')))).toBe('go forward');
    expect(await heard(engine, pieces(await speak('move forward', 'en-us+f3')))).toBe('move forward');
  });

  it('rejects speech that is not a sentence of the dialog', async () => {
    const others = ['the meeting was moved to thursday', 'she plays the violin very well', 'butterfly'];
    for (const sentence of others) expect(await heard(engine, await spoken(sentence))).toBe('');
  });

  it('reports why it rejects: the nearest phrase and its confidence', async () => {
    const speech = await said('the meeting was moved to thursday');
    const { text, rejected } = await finalOf(engine, pieces(speech));
    expect(text).toBe('');
    expect(rejected?.reason).toBe('unlike');
    expect(matchDialog(dialog, rejected?.nearest ?? '')?.how).toBe('exact');
    expect(rejected?.confidence).toBeLessThan(0.5);
  });

  it('reports silence, and speech that is longer than any phrase', async () => {
    const silence = pieces({ rate: PIPELINE_RATE, samples: new Int16Array(16_000) });
    expect((await finalOf(engine, silence)).rejected).toEqual({
      nearest: '',
      confidence: 0,
      reason: 'silence',
    });
    const long = pieces({ rate: PIPELINE_RATE, samples: new Int16Array(13 * PIPELINE_RATE) });
    expect((await finalOf(engine, long)).rejected?.reason).toBe('too-long');
  });

  it('recognises nothing without audio, in silence, in a click and in noise', async () => {
    const noise = Int16Array.from({ length: 24_000 }, (_, i) => ((i * 7_919 * (i % 13)) % 8_001) - 4_000);
    for (const samples of [new Int16Array(0), new Int16Array(1), new Int16Array(16_000), noise]) {
      const audio = async function* (): AsyncGenerator<Pcm<PipelineRate>> {
        yield { rate: PIPELINE_RATE, samples };
      };
      expect(await heard(engine, audio())).toBe('');
    }
    expect(await heard(engine, (async function* () {})())).toBe('');
  });

  it('serves more utterances at a time than it has decoders', async () => {
    const sentences = ['tell me a joke', 'what is your name', 'turn left', 'goodbye', 'tell me a story'];
    const speech = await Promise.all(sentences.map((sentence) => speak(sentence, 'en-us')));
    const texts = await Promise.all(speech.map((pcm) => heard(engine, pieces(pcm))));
    expect(texts.map((text) => matchDialog(dialog, text)?.entry.id)).toEqual(
      sentences.map((sentence) => matchDialog(dialog, sentence)?.entry.id),
    );
  });

  it('ends with CANCELLED when aborted in mid-stream, and its decoder serves the next at once', async () => {
    const { engine: small } = reachable();
    const abort = new AbortController();
    const speech = endless(await said('tell me a joke'));
    const events = small.transcribe(speech.audio, request, abort.signal)[Symbol.asyncIterator]();
    const first = events.next();
    await speech.waiting;
    expect((await first).value).toMatchObject({ type: 'partial' });
    const next = eventsOf({ [Symbol.asyncIterator]: () => events });
    abort.abort();
    await expect(next).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await heard(small, await spoken('turn left'))).toBe('turn left');
    speech.end();
  });

  it('frees the decoder when its reader leaves', async () => {
    const { engine: small } = reachable();
    for await (const event of small.transcribe(await spoken('tell me a joke'), request, never)) {
      expect(event.type).toBe('partial');
      break;
    }
    expect(await heard(small, await spoken('turn left'))).toBe('turn left');
  });

  it('ends with CANCELLED if it was aborted before', async () => {
    const events = engine.transcribe(await spoken('stop'), request, AbortSignal.abort());
    await expect(eventsOf(events)).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('ends with STT_FAILED and the cause when the audio fails', async () => {
    const cause = new Error('the microphone fell');
    const audio = (async function* (): AsyncGenerator<Pcm<PipelineRate>> {
      yield await said('stop');
      throw cause;
    })();
    await expect(eventsOf(engine.transcribe(audio, request, never))).rejects.toMatchObject({
      code: 'STT_FAILED',
      cause,
    });
  });

  it('rejects an utterance that is longer than any sentence, at its end', async () => {
    const { engine: small } = reachable({ maxUtteranceMs: 1_000 });
    expect(await heard(small, await spoken('go forward ten meters'))).toBe('');
    await expect(small.warm?.()).resolves.toBeUndefined();
  });

  it('refuses utterances beyond the limit of waiting ones', async () => {
    const { engine: small } = reachable({ maxWaiting: 1 });
    await small.warm?.();
    const speech = await said('turn left');
    const open = endless(speech);
    const running = heard(small, open.audio);
    await open.waiting;
    const waiting = heard(small, pieces(speech));
    await expect(heard(small, pieces(speech))).rejects.toMatchObject({ code: 'ENGINE_OVERLOADED' });
    open.end();
    expect(await running).toBe('turn left');
    expect(await waiting).toBe('turn left');
  });

  it('decodes the utterance again when its thread dies, and ends with ENGINE_CRASHED when that thread dies too', {
    timeout: 60_000,
  }, async () => {
    const crashes: string[] = [];
    const { engine: small, threads } = reachable({ onCrash: ({ code }) => crashes.push(code) });
    await small.warm?.();
    const speech = endless(await said('tell me a joke'));
    const running = heard(small, speech.audio);
    await speech.waiting;
    await threads[0]?.terminate();
    speech.end();
    expect(matchDialog(dialog, await running)?.entry.id).toBe('joke');
    expect(threads).toHaveLength(2);
    const again = endless(await said('tell me a joke'));
    const doomed = heard(small, again.audio);
    doomed.catch(() => {});
    await again.waiting;
    await threads[1]?.terminate();
    // Its second try has begun.
    await new Promise<void>((resolve) =>
      threads[2]?.on('message', ({ type }) => type === 'partial' && resolve()),
    );
    await threads[2]?.terminate();
    await expect(doomed).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    expect(await heard(small, await spoken('turn left'))).toBe('turn left');
    expect(threads).toHaveLength(4);
    expect(crashes).toHaveLength(3);
    again.end();
  });

  it('waits longer and longer before it restarts a thread that cannot start, and fails at once meanwhile', async () => {
    const clock = new VirtualClock();
    let starts = 0;
    const small = soundswallowerStt({
      dialog,
      clock,
      startThread: () => {
        starts += 1;
        throw new Error('no memory');
      },
    });
    await expect(small.warm?.()).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    expect(starts).toBe(3);
    await expect(heard(small, await spoken('stop'))).rejects.toMatchObject({
      code: 'ENGINE_CRASHED',
    });
    expect(clock.nextAtMs()).toBe(250);
    await clock.advance(250);
    expect(starts).toBe(4);
    expect(clock.nextAtMs()).toBe(750);
    await small.close();
    expect(clock.nextAtMs()).toBeUndefined();
  });

  it('ends a thread that does not answer', async () => {
    const clock = new VirtualClock();
    const deaf = `
      const { parentPort } = require('node:worker_threads');
      parentPort.on('message', ({ type }) => type === 'end' && parentPort.postMessage({ type: 'partial', id: 1, text: 'asked' }));
      parentPort.postMessage({ type: 'ready' });`;
    const { engine: small } = reachable({
      clock,
      stallMs: 1_000,
      startThread: () => new Worker(deaf, { eval: true }),
    });
    const speech = await said('turn left');
    const events = small.transcribe(pieces(speech), request, never)[Symbol.asyncIterator]();
    // The thread got the end of the audio and must send a final.
    expect((await events.next()).value).toEqual({ type: 'partial', text: 'asked', language: 'en' });
    // Another thread decodes it again, and does not answer either.
    const again = events.next();
    await clock.advance(1_000);
    expect((await again).value).toEqual({ type: 'partial', text: 'asked', language: 'en' });
    const final = events.next();
    await clock.advance(1_000);
    await expect(final).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
  });

  it('ends everything with CANCELLED when closed, and may be closed twice', async () => {
    const { engine: small } = reachable();
    const speech = endless(await said('tell me a joke'));
    const running = heard(small, speech.audio);
    running.catch(() => {});
    await speech.waiting;
    await small.close();
    await small.close();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(heard(small, await spoken('stop'))).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    speech.end();
  });

  it('refuses a dialog in a language that it cannot hear, and characters without a reading', () => {
    const dutch = parseDialog('language: nl\nentries: [{ id: a, phrases: dag, replies: dag }]');
    expect(() => soundswallowerStt({ dialog: dutch })).toThrow(/the dialog is in nl/);
    const kanji = parseDialog('language: ja\nentries: [{ id: a, phrases: 左, replies: x }]');
    expect(() => soundswallowerStt({ dialog: kanji })).toThrow(/readings of "左"/);
  });

  if (!existsSync(join(recordings, 'go_forward_ten_meters.wav'))) return;
  describe('with recorded people', () => {
    it('recognises an order with its number', async () => {
      const text = await heard(
        engine,
        pieces(await recording(join(recordings, 'go_forward_ten_meters.wav'))),
      );
      expect(matchDialog(dialog, text)).toMatchObject({
        entry: { id: 'go-forward' },
        slots: { distance: { value: 10 } },
      });
    });

    const OTHERS =
      'austen_0870 austen_0880 austen_0890 cards_001 cards_002 cards_003 noise_car_horn noise_dog_bark';
    it.each(OTHERS.split(' '))('rejects %s', async (name) => {
      expect(await heard(engine, pieces(await recording(join(recordings, `${name}.wav`))))).toBe('');
    });
  });
});
