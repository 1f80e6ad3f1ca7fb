import { describe, expect, it } from 'vitest';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../../machines/audio.ts';
import { answer } from '../../../testing/loopback/http-script.ts';
import { toneSamples, transcriptReply, transcriptStream } from '../../../testing/loopback/openai-replies.ts';
import {
  type OpenAiServer,
  type OpenAiServerOptions,
  openaiServer,
} from '../../../testing/loopback/openai-server.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { type OpenAiSttOptions, openaiStt } from './openai.ts';

type Audio = AsyncIterable<Pcm<PipelineRate>>;

let server: OpenAiServer;
let engine: ReturnType<typeof openaiStt>;

closeAfterEach(() => ({ engine, server }));

async function start(options: OpenAiServerOptions = {}, engineOptions: Partial<OpenAiSttOptions> = {}) {
  server = await openaiServer(options);
  engine = openaiStt({ baseURL: server.baseURL, model: 'm', ...engineOptions });
}

async function* pieces(samples: Int16Array, size = 320): Audio {
  for (let at = 0; at < samples.length; at += size) {
    yield { rate: PIPELINE_RATE, samples: samples.subarray(at, at + size) };
  }
}

const transcribe = (audio: Audio, signal = new AbortController().signal, language = 'zh-CN') =>
  outcomeOf(engine.transcribe(audio, { language }, signal));

describe('openaiStt', () => {
  it('uploads the utterance as one WAV file, sample for sample', async () => {
    await start({ transcription: () => transcriptReply(' hello robot ') }, { prompt: 'robot' });
    const samples = toneSamples(500, PIPELINE_RATE);
    expect(await transcribe(pieces(samples))).toEqual({
      events: [{ type: 'final', text: 'hello robot' }],
      end: 'done',
    });
    const form = server.requests[0]?.form;
    expect(form?.fields).toEqual({ model: 'm', response_format: 'json', language: 'zh', prompt: 'robot' });
    expect(form?.fileName).toBe('utterance.wav');
    expect(form?.wav()).toEqual({ rate: PIPELINE_RATE, channels: 1, samples });
  });

  it('uploads no silence before and after the utterance but 200 ms', async () => {
    await start();
    const tone = toneSamples(500, PIPELINE_RATE);
    const long = new Int16Array(3 * PIPELINE_RATE);
    long.set(tone, PIPELINE_RATE);
    await transcribe(pieces(long));
    expect(server.requests[0]?.form?.wav().samples).toEqual(
      long.subarray(0.8 * PIPELINE_RATE, 1.7 * PIPELINE_RATE),
    );
  });

  it('copies the audio, so that the caller may reuse its buffer', async () => {
    await start();
    const shared = new Int16Array(2);
    const audio = async function* (): Audio {
      for (let i = 1; i <= 3; i++) yield { rate: PIPELINE_RATE, samples: shared.fill(i * 1_000) };
    };
    await transcribe(audio());
    expect(server.requests[0]?.form?.wav().samples).toEqual(
      Int16Array.of(1, 1, 2, 2, 3, 3).map((n) => n * 1_000),
    );
  });

  it('sends no request if there is no audio', async () => {
    await start();
    expect(await transcribe(pieces(new Int16Array(0)))).toEqual({
      events: [{ type: 'final', text: '' }],
      end: 'done',
    });
    expect(server.requests).toEqual([]);
  });

  it('sends a long utterance only up to the limit, and reads it to its end', async () => {
    await start({}, { maxUtteranceMs: 100 });
    let read = 0;
    const audio = async function* (): Audio {
      for await (const piece of pieces(new Int16Array(16_000).fill(700))) {
        read += piece.samples.length;
        yield piece;
      }
    };
    await transcribe(audio());
    expect(server.requests[0]?.form?.wav().samples.length).toBe(1_600);
    expect(read).toBe(16_000);
  });

  it('omits the language if configured, or if there is none', async () => {
    await start();
    await transcribe(pieces(toneSamples(20, PIPELINE_RATE)), undefined, '');
    await engine.close();
    engine = openaiStt({ baseURL: server.baseURL, model: 'm', sendLanguage: false });
    await transcribe(pieces(toneSamples(20, PIPELINE_RATE)));
    expect(server.requests.map(({ form }) => form?.fields.language)).toEqual([undefined, undefined]);
  });

  it('reports partials if the server streams', async () => {
    await start({ transcription: () => transcriptStream(['hello', ' robot']) }, { stream: true });
    const { events, end } = await transcribe(pieces(toneSamples(100, PIPELINE_RATE)));
    expect(server.requests[0]?.form?.fields.stream).toBe('true');
    expect(end).toBe('done');
    expect(events).toEqual([
      { type: 'partial', text: 'hello' },
      { type: 'partial', text: 'hello robot' },
      { type: 'final', text: 'hello robot' },
    ]);
  });

  it('sends what a behaviour expects behind the prompt, the likeliest last', async () => {
    await start({}, { prompt: 'A robot.' });
    const expected = { entries: ['yes'], answers: ['yes'], sentences: ['yes', 'no', 'never mind'] };
    const audio = pieces(toneSamples(500, PIPELINE_RATE));
    await outcomeOf(engine.transcribe(audio, { language: 'en', expected }, new AbortController().signal));
    expect(server.requests[0]?.form?.fields.prompt).toBe('A robot. never mind, no, yes');
  });

  it('sends the prompt of the language, and how freely the model may guess', async () => {
    await start({}, { prompt: 'robot', prompts: { ja: 'ロボット' }, temperature: 0.2 });
    for (const language of ['ja-JP', 'en'])
      await transcribe(pieces(toneSamples(20, PIPELINE_RATE)), undefined, language);
    expect(server.requests.map(({ form }) => [form?.fields.prompt, form?.fields.temperature])).toEqual([
      ['ロボット', '0.2'],
      ['robot', '0.2'],
    ]);
  });

  it('asks for details if configured, and says how sure the model is', async () => {
    const json = JSON.stringify({ text: 'hello', segments: [{ avg_logprob: -0.2 }, { avg_logprob: -0.4 }] });
    await start(
      { transcription: () => answer(200, 'application/json', json) },
      { responseFormat: 'verbose_json' },
    );
    const { events } = await transcribe(pieces(toneSamples(20, PIPELINE_RATE)));
    expect(server.requests[0]?.form?.fields.response_format).toBe('verbose_json');
    expect(events).toEqual([{ type: 'final', text: 'hello', confidence: expect.closeTo(Math.exp(-0.3)) }]);
  });

  it('asks for the times of words if configured, and finds them where servers put them', async () => {
    const timed = [
      { word: ' turn', start: 0.3, end: 0.52 },
      { word: ' left', start: 0.52, end: 0.9 },
      { word: ' ', start: 0.9, end: 0.9 },
    ];
    const text = 'turn left';
    const answers = [
      { text, words: timed, segments: [{ avg_logprob: -0.1 }] },
      // whisper.cpp
      { text, segments: [{ words: timed.slice(0, 1) }, { words: timed.slice(1) }] },
      { text, words: [] },
    ];
    await start(
      { transcription: ({ n }) => answer(200, 'application/json', JSON.stringify(answers[n])) },
      { wordTimes: true },
    );
    const finals = [];
    for (const _ of answers)
      finals.push(...(await transcribe(pieces(toneSamples(20, PIPELINE_RATE)))).events);
    expect(server.requests[0]?.form?.fields).toMatchObject({
      response_format: 'verbose_json',
      'timestamp_granularities[]': 'word,segment',
    });
    const words = [
      { text: 'turn', startMs: 300, endMs: 520 },
      { text: 'left', startMs: 520, endMs: 900 },
    ];
    expect(finals).toEqual([
      { type: 'final', text, confidence: expect.closeTo(Math.exp(-0.1)), words },
      { type: 'final', text, words },
      { type: 'final', text },
    ]);
  });

  it('counts the times of words from the start of the utterance, also where the silence before it is not sent', async () => {
    const timed = [{ word: 'turn', start: 0.2, end: 0.5 }];
    const body = JSON.stringify({ text: 'turn', words: timed });
    await start({ transcription: () => answer(200, 'application/json', body) }, { wordTimes: true });
    const utterance = new Int16Array(PIPELINE_RATE);
    utterance.set(toneSamples(300, PIPELINE_RATE), 0.6 * PIPELINE_RATE);
    const { events } = await transcribe(pieces(utterance));
    expect(events).toMatchObject([{ words: [{ text: 'turn', startMs: 600, endMs: 900 }] }]);
  });

  it('rejects what the model invented, and does not ask it about silence', async () => {
    const loop = 'Thank you. '.repeat(8);
    await start({ transcription: () => transcriptReply(loop) });
    const silence = await transcribe(pieces(new Int16Array(8_000).fill(20)));
    const circles = await transcribe(pieces(toneSamples(20, PIPELINE_RATE)));
    expect([...silence.events, ...circles.events]).toEqual([
      { type: 'final', text: '', rejected: { nearest: '', confidence: 0, reason: 'silence' } },
      { type: 'final', text: '', rejected: { nearest: loop.trim(), confidence: 0, reason: 'invented' } },
    ]);
    expect(server.requests.length).toBe(1);
  });

  it('accepts a server that does not stream although requested', async () => {
    await start({ transcription: () => transcriptReply('hello') }, { stream: true });
    expect((await transcribe(pieces(toneSamples(100, PIPELINE_RATE)))).events).toEqual([
      { type: 'final', text: 'hello' },
    ]);
  });

  it('reports a stream without its end as ENGINE_PROTOCOL', async () => {
    await start({ transcription: () => transcriptStream(['hello'], { done: false }) }, { stream: true });
    expect((await transcribe(pieces(toneSamples(100, PIPELINE_RATE)))).end).toBe('ENGINE_PROTOCOL');
  });

  it.each(['{"text":', '{"no":"text"}', '{"text":7}', ''])(
    'takes %j for a breach of protocol',
    async (json) => {
      await start({ transcription: () => answer(200, 'application/json', json) });
      expect((await transcribe(pieces(toneSamples(100, PIPELINE_RATE)))).end).toBe('ENGINE_PROTOCOL');
    },
  );

  it('ends on an abort while the audio hangs, and closes the audio source', async () => {
    await start();
    const controller = new AbortController();
    let reported = false;
    let asked = () => {};
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const audio: Audio = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          asked();
          return new Promise(() => {});
        },
        return: () => {
          reported = true;
          return Promise.reject(new Error('too late'));
        },
      }),
    };
    const running = transcribe(audio, controller.signal);
    await waiting;
    controller.abort();
    expect((await running).end).toBe('CANCELLED');
    expect(reported).toBe(true);
    expect(server.requests).toEqual([]);
  });

  it('ends with STT_FAILED if the audio fails', async () => {
    await start();
    // biome-ignore lint/correctness/useYield: it fails before it has anything
    const audio = async function* (): Audio {
      throw new Error('microphone gone');
    };
    expect((await transcribe(audio())).end).toBe('STT_FAILED');
  });

  it('keeps one connection for utterance after utterance', async () => {
    await start();
    for (let i = 0; i < 10; i++) await transcribe(pieces(toneSamples(100, PIPELINE_RATE)));
    expect(server.sockets.opened).toBe(1);
    expect(engine.connectionStats()).toEqual({ opened: 1, requests: 10 });
  });
});
