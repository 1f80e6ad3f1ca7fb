import { beforeEach, describe, expect, it } from 'vitest';
import { closeAfterEach } from '../../adapters/engine-test-util.ts';
import { openaiLlm } from '../../adapters/llm/openai/openai.ts';
import { openaiStt } from '../../adapters/stt/openai/openai.ts';
import { openaiTts } from '../../adapters/tts/openai/openai.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { answer, breakOff, errorAnswer, type HttpStep, trickle } from './http-script.ts';
import { chatReply, speechReply, toneSamples, transcriptReply, transcriptStream } from './openai-replies.ts';
import { type OpenAiServer, openaiServer } from './openai-server.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** An engine with one request under way, of any kind. */
interface Engine {
  run(signal: AbortSignal): Promise<Outcome<unknown>>;
  close(): Promise<void>;
}

const UTTERANCE = toneSamples(100, PIPELINE_RATE);

async function* utterance() {
  yield { rate: PIPELINE_RATE, samples: UTTERANCE } as const;
}

function llm(baseURL: string): Engine {
  const engine = openaiLlm({ baseURL, model: 'm' });
  const request = { messages: [{ role: 'user', content: 'hello' }], language: 'en', seed: 1 } as const;
  return { run: (signal) => outcomeOf(engine.reply(request, signal)), close: () => engine.close() };
}

function stt(baseURL: string, stream: boolean): Engine {
  const engine = openaiStt({ baseURL, model: 'm', stream });
  return {
    run: (signal) => outcomeOf(engine.transcribe(utterance(), { language: 'en' }, signal)),
    close: () => engine.close(),
  };
}

function tts(baseURL: string): Engine {
  const engine = openaiTts({ baseURL, model: 'm', voice: 'v' });
  return {
    run: (signal) => outcomeOf(engine.synthesize({ text: 'hello', language: 'en' }, signal)),
    close: () => engine.close(),
  };
}

const KINDS = [
  { kind: 'llm', make: llm, failed: 'LLM_FAILED', good: chatReply(['a', 'b', 'c']) },
  {
    kind: 'stt',
    make: (url: string) => stt(url, false),
    failed: 'STT_FAILED',
    good: transcriptReply('hello'),
  },
  {
    kind: 'streaming stt',
    make: (url: string) => stt(url, true),
    failed: 'STT_FAILED',
    good: transcriptStream(['hel', 'lo']),
  },
  { kind: 'tts', make: tts, failed: 'TTS_FAILED', good: speechReply(toneSamples(300, 24_000)) },
];

let server: OpenAiServer;
let steps: readonly HttpStep[] = [];
let engine: Engine | undefined;

beforeEach(async () => {
  const script = () => steps;
  server = await openaiServer({ chat: script, transcription: script, speech: script });
});

closeAfterEach(() => ({ engine, server }));

describe.each(KINDS)('$kind', ({ make, failed, good }) => {
  const headOf = (good: readonly HttpStep[]) => good.filter((step) => step.do === 'head');
  const run = (script: readonly HttpStep[], signal = new AbortController().signal) => {
    steps = script;
    engine = make(server.baseURL);
    return engine.run(signal);
  };

  const CASES: readonly [string, readonly HttpStep[], string][] = [
    ['a refused key', errorAnswer(401, 'bad key'), 'ENGINE_REQUEST'],
    ['an unknown model', errorAnswer(404, 'no such model'), 'ENGINE_REQUEST'],
    ['a page of HTML with 404', answer(404, 'text/html', '<html>nothing</html>'), 'ENGINE_REQUEST'],
    ['too many requests', errorAnswer(429, 'slow down'), 'ENGINE_OVERLOADED'],
    ['an internal error', errorAnswer(500, 'oops'), failed],
    ['a page of HTML with 502', answer(502, 'text/html', '<html>bad gateway</html>'), failed],
    [
      'a redirect',
      [{ do: 'head', status: 302, headers: { location: '/x', 'content-length': '0' } }, { do: 'end' }],
      'ENGINE_PROTOCOL',
    ],
    ['a page of HTML with 200', answer(200, 'text/html', '<html>hello</html>'), 'ENGINE_PROTOCOL'],
    ['bytes that are not HTTP', [{ do: 'raw', bytes: '\x00\x01garbage\r\n\r\n' }], 'ENGINE_PROTOCOL'],
    ['a connection closed at once', [{ do: 'close' }], 'ENGINE_UNREACHABLE'],
    ['a connection reset at once', [{ do: 'reset' }], 'ENGINE_UNREACHABLE'],
    ['a reset in mid-stream', breakOff(good, 1, { do: 'reset' }), 'ENGINE_UNREACHABLE'],
    ['a close in mid-stream', breakOff(good, 1, { do: 'close' }), 'ENGINE_UNREACHABLE'],
    [
      'less than the content length',
      [
        ...headOf(good).map((step) => ({
          ...step,
          headers: { ...(step.do === 'head' ? step.headers : {}), 'content-length': '100000' },
        })),
        ...breakOff(good, 1, { do: 'close' }).filter((step) => step.do !== 'head'),
      ],
      'ENGINE_UNREACHABLE',
    ],
    ['a slow trickle', trickle(good, 2), 'done'],
    ['a good answer with garbage after it', [...good, { do: 'raw', bytes: 'garbage' }], 'done'],
  ];

  it.each(CASES)('ends as it should at %s', async (_, script, end) => {
    const outcome = await run(script);
    expect(outcome.end).toBe(end);
    if (outcome.error) expect(outcome.error.cause ?? outcome.error).toBeInstanceOf(Error);
  });

  it('ends with an error of its own at an empty answer', async () => {
    const outcome = await run([...headOf(good), { do: 'end' }]);
    expect(outcome.end).toBe(failed === 'TTS_FAILED' ? 'TTS_FAILED' : 'ENGINE_PROTOCOL');
  });

  it.each([
    ['before the headers', [{ do: 'hang' }]],
    ['after the headers', [...headOf(good), { do: 'hang' }]],
    ['in mid-stream', breakOff(good, 1, { do: 'hang' })],
    ['in an error', [{ do: 'head', status: 500 }, { do: 'send', bytes: 'x' }, { do: 'hang' }]],
  ] satisfies [string, HttpStep[]][])('is freed by an abort when the server hangs %s', async (_, script) => {
    // given a request that the server received
    const controller = new AbortController();
    const running = run(script, controller.signal);
    const request = await server.nextRequest();
    // when
    controller.abort();
    // then
    expect((await running).end).toBe('CANCELLED');
    expect(await request.outcome).toBe('gone');
    await server.sockets.allClosed();
  });

  it('is cancelled by its own close', async () => {
    const running = run([{ do: 'hang' }]);
    await server.nextRequest();
    await engine?.close();
    expect((await running).end).toBe('CANCELLED');
  });

  it('sends no request when it is aborted before it begins, or closed', async () => {
    expect((await run(good, AbortSignal.abort())).end).toBe('CANCELLED');
    await engine?.close();
    expect((await engine?.run(new AbortController().signal))?.end).toBe('CANCELLED');
    expect(server.requests).toEqual([]);
  });

  it('cannot reach a server that is not there', async () => {
    const gone = await openaiServer();
    await gone.close();
    engine = make(gone.baseURL);
    expect((await engine.run(new AbortController().signal)).end).toBe('ENGINE_UNREACHABLE');
  });
});
