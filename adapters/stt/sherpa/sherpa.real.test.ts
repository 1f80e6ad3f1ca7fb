import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { SttEngine, SttEvent } from '../../../actors/ports/stt.ts';
import { PIPELINE_RATE } from '../../../machines/audio.ts';
import { VirtualClock } from '../../../machines/clock.ts';
import type { ParleyError } from '../../../machines/errors.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { type SttModelKind, writeSttModel } from '../../../testing/models/stt-models.ts';
import { toneSpeech } from '../../../testing/models/tones.ts';
import { writeTtsModel } from '../../../testing/models/tts-model.ts';
import { detectModel } from '../../sherpa/model-folder.ts';
import { startWorkerProcess } from '../../worker-process.ts';
import { type SherpaSttOptions, sherpaStt } from './sherpa.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-sherpa-stt-'));
const engines: SttEngine[] = [];
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  rmSync(folder, { recursive: true });
});

async function engineOf(kind: SttModelKind, options: Partial<SherpaSttOptions> = {}): Promise<SttEngine> {
  const model = await detectModel(writeSttModel(kind, join(folder, kind)));
  const engine = sherpaStt({ model, ...options });
  engines.push(engine);
  return engine;
}

const never = new AbortController().signal;

/** The events of an utterance. */
function heard(engine: SttEngine, ...words: string[]): Promise<readonly SttEvent[]> {
  return hearing(
    engine,
    words.map((word) => toneSpeech(word)),
  );
}

/** A recogniser with partial texts gets the next piece when it has reported the last one. */
async function hearing(engine: SttEngine, pieces: readonly Int16Array[]): Promise<readonly SttEvent[]> {
  const events: SttEvent[] = [];
  let reported = () => {};
  async function* said() {
    for (const samples of pieces) {
      const next = new Promise<void>((resolve) => {
        reported = resolve;
      });
      for (let at = 0; at < samples.length; at += 320)
        yield { rate: PIPELINE_RATE, samples: samples.slice(at, at + 320) } as const;
      if (engine.tellsPartials) await next;
    }
  }
  for await (const event of engine.transcribe(said(), { language: 'en' }, never)) {
    events.push(event);
    reported();
  }
  return events;
}

/** The events without the times of words. */
function untimed(events: readonly SttEvent[]): readonly object[] {
  return events.map((event) => ({ ...event, words: undefined }));
}

/** Of one word of `toneSpeech` and the pause behind it, ms. */
const WORD_MS = 320;
/** SenseVoice counts in frames of 60 ms. */
const FRAME_MS = 60;

/** The words of the final, each with the place in `toneSpeech` at which it begins. */
function saidAt(events: readonly SttEvent[]): readonly string[] {
  const final = events.at(-1);
  const words = final?.type === 'final' ? (final.words ?? []) : [];
  return words.map(({ text, startMs }) => {
    const place = Math.round(startMs / WORD_MS);
    return Math.abs(startMs - place * WORD_MS) <= FRAME_MS ? `${text} ${place}` : `${text} at ${startMs} ms`;
  });
}

describe('sherpaStt', () => {
  it.each(['zipformer2-ctc', 'lstm-transducer'] as const)(
    'reports the end of the turn after the silence behind the last word, until there is another: %s',
    async (kind) => {
      const engine = await engineOf(kind, { endpointMs: 600 });
      const silence = new Int16Array(PIPELINE_RATE);
      const events = await hearing(engine, [toneSpeech('turn'), silence, toneSpeech('left')]);
      expect(untimed(events)).toMatchObject([
        { type: 'partial', text: 'turn' },
        { type: 'partial', text: 'turn', end: 'reached' },
        { type: 'partial', text: 'turn left' },
        { type: 'final', text: 'turn left' },
      ]);
      expect(events.map((event) => 'end' in event)).toEqual([false, true, false, false]);
    },
  );

  it.each(['zipformer2-ctc', 'lstm-transducer', 'sense-voice'] as const)(
    'says when each word was said: %s',
    async (kind) => {
      const events = await heard(await engineOf(kind), 'turn', 'left', 'hello');
      expect(saidAt(events)).toEqual(['turn 0', 'left 1', 'hello 2']);
    },
  );

  it('streams the words of a zipformer CTC model while they are spoken', async () => {
    const engine = await engineOf('zipformer2-ctc');
    expect(engine.tellsPartials).toBe(true);
    expect(untimed(await heard(engine, 'turn', 'left', 'hello'))).toEqual([
      { type: 'partial', text: 'turn' },
      { type: 'partial', text: 'turn left' },
      { type: 'partial', text: 'turn left hello' },
      { type: 'final', text: 'turn left hello' },
    ]);
  });

  it('reports what its model does and takes', async () => {
    const model = await detectModel(writeSttModel('zipformer2-ctc', join(folder, 'measured')));
    const engine = sherpaStt({ model });
    engines.push(engine);
    expect(engine.load()).toBeUndefined();
    await heard(engine, 'turn', 'left');
    const load = engine.load();
    expect(load?.audioMs).toBe(640);
    expect(load?.busyMs).toBeGreaterThan(0);
    expect(load?.memoryBytes).toBeGreaterThan(20e6);
  });

  it('streams the words of a transducer, with its confidence', async () => {
    const events = await heard(await engineOf('lstm-transducer'), 'turn', 'right');
    expect(events.at(-1)).toMatchObject({ text: 'turn right', confidence: expect.any(Number) });
    expect(events.map(({ text }) => text)).toEqual(['turn', 'turn right', 'turn right']);
  });

  it('favours the words of the dialog, if the model can spell them', async () => {
    const quiet = toneSpeech('turn', 'left', 'stop').map((sample) => sample / 5);
    const audio = async function* () {
      yield { rate: PIPELINE_RATE, samples: quiet } as const;
    };
    const hear = async (engine: SttEngine) =>
      (await outcomeOf(engine.transcribe(audio(), { language: 'en' }, never))).events.at(-1)?.text;
    expect(await hear(await engineOf('lstm-transducer'))).toBe('');
    const hotWords = ['left', 'stop', 'no spelling for this'];
    expect(await hear(await engineOf('lstm-transducer', { hotWords, hotWordsScore: 6 }))).toBe('left stop');
  });

  it('hears whole utterances with SenseVoice, and says in which language they were', async () => {
    const engine = await engineOf('sense-voice');
    expect(engine.tellsPartials).toBe(false);
    expect(untimed(await heard(engine, 'turn', 'left'))).toEqual([
      { type: 'final', text: 'turn left', language: 'en' },
    ]);
    expect(untimed(await heard(engine, '你好', '停'))).toEqual([
      { type: 'final', text: '你好停', language: 'zh' },
    ]);
    expect(untimed(await heard(engine, 'はい'))).toEqual([{ type: 'final', text: 'はい', language: 'ja' }]);
    const silence = async function* () {
      yield { rate: PIPELINE_RATE, samples: new Int16Array(16_000) } as const;
    };
    const { events } = await outcomeOf(engine.transcribe(silence(), { language: 'en' }, never));
    expect(events).toEqual([
      expect.objectContaining({ text: '', rejected: expect.objectContaining({ reason: 'silence' }) }),
    ]);
  });

  it('ends a process that stands still, and has its utterance heard by another', async () => {
    const clock = new VirtualClock();
    const pids: number[] = [];
    const startProcess: SherpaSttOptions['startProcess'] = (data) => {
      const started = startWorkerProcess(import.meta.url, 'worker', data);
      pids.push(started.pid ?? 0);
      return started;
    };
    const engine = await engineOf('sense-voice', { clock, startProcess });
    await engine.warm?.();
    process.kill(pids[0] ?? 0, 'SIGSTOP');
    const events = heard(engine, 'turn', 'left');
    await new Promise(setImmediate);
    await clock.advance(30_000);
    expect(untimed(await events)).toEqual([{ type: 'final', text: 'turn left', language: 'en' }]);
    expect(pids).toHaveLength(2);
  });

  it('survives a model that ends the process of the library', async () => {
    const broken = join(folder, 'broken');
    writeSttModel('sense-voice', broken);
    const model = await detectModel(broken);
    copyFileSync(join(writeTtsModel(join(folder, 'voice')), 'model.onnx'), join(broken, 'model.onnx'));
    const crashes: ParleyError[] = [];
    const engine = sherpaStt({ model, onCrash: (error) => crashes.push(error) });
    engines.push(engine);
    await expect(engine.warm?.()).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    expect(crashes[0]?.message).toContain('metadata');
  });
});
