import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ChainEvent } from '../actors/chain/mod.ts';
import { parseDialog } from '../actors/dialog/mod.ts';
import { hostTts } from '../actors/engine-rpc/mod.ts';
import type { TtsEvent } from '../actors/ports/tts.ts';
import { speexResampler } from '../adapters/audio/resampler.ts';
import { inProcessBus } from '../adapters/bus/in-process.ts';
import { expectNoStrays } from '../adapters/engine-test-util.ts';
import { realClock } from '../adapters/real-clock.ts';
import { PIPELINE_RATE } from '../machines/audio.ts';
import { afterTest, temporaryFolder } from '../test/support/after-test.ts';
import { type EdgeServer, edgeServer } from '../testing/loopback/edge-server.ts';
import { answer, breakOff, errorAnswer, type HttpStep, trickle } from '../testing/loopback/http-script.ts';
import { chatReply, speechReply, toneSamples, transcriptReply } from '../testing/loopback/openai-replies.ts';
import { type OpenAiServer, openaiServer } from '../testing/loopback/openai-server.ts';
import { outcomeOf } from '../testing/loopback/outcome.ts';
import { scriptedTts } from '../testing/scripted-engines.ts';
import { loadConfig } from './config/load.ts';
import { makeEngines } from './engines.ts';
import { wholeLlm } from './flags/flagged.ts';
import { fixedPhrases } from './phrases.ts';

const dialogFile = new URL('../examples/robot.dialog.yaml', import.meta.url);
const dialog = parseDialog(await readFile(dialogFile, 'utf8'), 'robot.dialog.yaml');
const never = new AbortController().signal;
const UTTERANCE = toneSamples(100, PIPELINE_RATE);
const REPLY = ['Hello ', 'there.'];

let dir: string;
expectNoStrays();
beforeEach(async () => {
  dir = await temporaryFolder();
});
/** For engines that hang: long enough for a request to arrive on a busy machine. */
const IMPATIENT = {
  'deadlines.sttMs': '1250',
  'deadlines.llmFirstTokenMs': '1333',
  'deadlines.ttsMs': '1667',
};
/** For all others: long enough that a working server does not time out on a busy machine. */
const PATIENT = {
  'deadlines.sttMs': '150000',
  'deadlines.llmFirstTokenMs': '160000',
  'deadlines.ttsMs': '200000',
};

async function engines(flags: Record<string, string>, of = dialog) {
  const config = loadConfig({
    cwd: dir,
    flags: { dataDir: dir, ...PATIENT, ...flags },
    // No configuration sets the address of Edge's service.
    constants: true,
  });
  const bus = inProcessBus({ onHandlerError: () => {} });
  const events: ChainEvent[] = [];
  const made = await makeEngines(config, of, ['stt', 'llm', 'tts'], {
    bus,
    resamplers: await speexResampler(),
    onEvent: (event) => events.push(event),
  });
  afterTest(async () => {
    await Promise.all([made.stt?.close(), made.llm?.close(), made.tts?.close()]);
    await bus.drain();
  });
  return { ...made, bus, config, events };
}

/** A server that answers every request with `steps`. */
async function server(steps: readonly HttpStep[]): Promise<OpenAiServer> {
  const script = () => steps;
  const one = await openaiServer({ chat: script, transcription: script, speech: script });
  afterTest(() => one.close());
  return one;
}

const KINDS = ['stt', 'llm', 'tts'] as const;
const GOOD = {
  stt: transcriptReply('hello'),
  llm: chatReply(REPLY),
  tts: speechReply(toneSamples(300, 24_000)),
};

/** Flags of a chain of servers of one kind, named a, b, c. */
async function chainOf(kind: (typeof KINDS)[number], scripts: readonly (readonly HttpStep[])[]) {
  const servers = await Promise.all(scripts.map(server));
  const named = servers.map(({ baseURL }, i) => ['abc'[i] ?? '', { baseURL }] as const);
  return {
    servers,
    flags: {
      [`engines.${kind}`]: named.map(([name]) => name).join(','),
      [`${kind}.servers`]: JSON.stringify(Object.fromEntries(named)),
    },
  };
}

async function ask(kind: (typeof KINDS)[number], made: Awaited<ReturnType<typeof engines>>) {
  const audio = async function* () {
    yield { rate: PIPELINE_RATE, samples: UTTERANCE } as const;
  };
  const messages = [{ role: 'user' as const, content: 'hello' }];
  const streams = {
    stt: () => made.stt?.transcribe(audio(), { language: 'en' }, never),
    llm: () => made.llm?.reply({ messages, language: 'en', seed: 1 }, never),
    tts: () => made.tts?.synthesize({ text: 'hello there', language: 'en' }, never),
  };
  const stream = streams[kind]();
  if (!stream) throw new Error(`no ${kind} engine`);
  return outcomeOf<unknown>(stream);
}

describe.each(KINDS)('a chain of %s servers', (kind) => {
  const good = GOOD[kind];
  const head = good.filter((step) => step.do === 'head');
  const FAULTS: readonly [string, readonly HttpStep[]][] = [
    ['hangs before the headers', [{ do: 'hang' }]],
    ['hangs after the headers', [...head, { do: 'hang' }]],
    ['fails', errorAnswer(500, 'oops')],
    ['refuses', errorAnswer(401, 'bad key')],
    ['is not such a server', answer(200, 'text/html', '<html>hello</html>')],
    ['sends bytes that are not HTTP', [{ do: 'raw', bytes: '\x00\x01garbage\r\n\r\n' }]],
    ['resets the connection', [{ do: 'reset' }]],
    ['trickles', [...head, ...trickle([{ do: 'send', bytes: '\n' }, { do: 'hang' }], 40)]],
  ];

  it.each(FAULTS)('answers when the first or the first two of them %s', async (what, fault) => {
    for (const scripts of [
      [fault, good],
      [fault, fault, good],
    ]) {
      const { flags, servers } = await chainOf(kind, scripts);
      const made = await engines({ ...flags, ...(/hang|trickle/.test(what) ? IMPATIENT : {}) });
      const { end, events } = await ask(kind, made);
      expect(end).toBe('done');
      expect(events.length).toBeGreaterThan(0);
      expect(servers.map(({ requests }) => requests.length)).toEqual(scripts.map(() => 1));
      expect(made.events.filter(({ type }) => type === 'failed')).toHaveLength(scripts.length - 1);
      // The engine that lost holds no resources any more.
      for (const { requests } of servers.slice(0, -1)) expect(await requests[0]?.outcome).toBeDefined();
    }
  });

  it('asks only the first engine while it answers, and fails with the error of the last when all fail', async () => {
    const { flags, servers } = await chainOf(kind, [good, errorAnswer(500, 'oops')]);
    expect((await ask(kind, await engines(flags))).end).toBe('done');
    expect(servers[1]?.requests).toEqual([]);
    const bad = await chainOf(kind, [errorAnswer(500, 'oops'), errorAnswer(429, 'slow down')]);
    expect((await ask(kind, await engines(bad.flags))).end).toBe('ENGINE_OVERLOADED');
  });

  it('keeps its connections and counts them', async () => {
    const { flags } = await chainOf(kind, [good]);
    const made = await engines({ ...flags, 'tts.cache.enabled': 'no' });
    await made[kind]?.warm?.();
    for (let i = 0; i < 20; i++) await ask(kind, made);
    expect(made.stats?.().connections).toMatchObject([{ kind, engine: 'a', opened: 1, requests: 21 }]);
    expect(made.stats?.().health).toContainEqual(
      expect.objectContaining({ kind, engine: 'a', state: 'closed' }),
    );
  });
});

describe('the configured language engines', () => {
  it('fall back from a server to the dialog file', async () => {
    const { baseURL } = await server(errorAnswer(503, 'maintenance'));
    const made = await engines({ 'engines.llm': 'openai,dialog', 'llm.openai.base-url': baseURL });
    const { events, end } = await ask('llm', made);
    expect(end).toBe('done');
    expect(events).toContainEqual(expect.objectContaining({ type: 'delta' }));
  });

  it('return whole replies when streaming is off, and request them so from the server', async () => {
    const whole = {
      choices: [{ index: 0, message: { role: 'assistant', content: REPLY.join('') }, finish_reason: 'stop' }],
    };
    const { baseURL, requests } = await server(answer(200, 'application/json', JSON.stringify(whole)));
    const made = await engines({
      'engines.llm': 'openai',
      'llm.openai.base-url': baseURL,
    });
    const { events, end } = await ask('llm', { ...made, ...(made.llm && { llm: wholeLlm(made.llm) }) });
    expect(end).toBe('done');
    expect(events).toEqual([{ type: 'delta', text: 'Hello there.' }]);
    expect(requests[0]?.json).toMatchObject({ stream: false });
  });
});

describe('the configured speech engines', () => {
  const edgeOf = async (options: Parameters<typeof edgeServer>[0]): Promise<EdgeServer> => {
    const one = await edgeServer(options);
    afterTest(() => one.close());
    return one;
  };
  const samplesOf = (events: readonly TtsEvent[]) =>
    events.reduce((sum, event) => sum + (event.type === 'audio' ? event.pcm.samples.length : 0), 0);

  it.each([
    ['cannot be reached', { welcome: () => 'reset' as const }],
    ['hangs at the door', { welcome: () => 'hang' as const }],
    ['refuses', { welcome: () => 403 }],
    ['hangs', { speech: () => [{ do: 'turn.start' as const }, { do: 'hang' as const }] }],
    ['closes', { speech: () => [{ do: 'close' as const, code: 1011, reason: 'oops' }] }],
    ['sends garbage', { speech: () => [{ do: 'raw' as const, message: 'garbage' }] }],
    ['says nothing', { speech: () => [{ do: 'turn.start' as const }, { do: 'turn.end' as const }] }],
  ])('speak by another server when Edge %s', async (what, options) => {
    const { endpoint } = await edgeOf(options);
    const { baseURL } = await server(GOOD.tts);
    const made = await engines({
      ...(/hang/.test(what) ? IMPATIENT : {}),
      'engines.tts': 'edge,openai',
      'tts.edge.endpoint': endpoint,
      'tts.openai.base-url': baseURL,
    });
    const { end, events } = await ask('tts', made);
    expect(end).toBe('done');
    expect(made.events.map(({ type, engine }) => `${engine} ${type}`)).toContain('openai switched');
    expect(events.length).toBeGreaterThan(0);
  });

  it('finish a segment in eSpeak’s voice when a server breaks off in the middle', async () => {
    const speech = speechReply(toneSamples(2_000, 24_000));
    const { baseURL } = await server(breakOff(speech, 3, { do: 'reset' }));
    const made = await engines({ 'engines.tts': 'openai,espeak', 'tts.openai.base-url': baseURL });
    const tts = made.tts;
    if (!tts) throw new Error('no TTS engine');
    const { end, events } = await outcomeOf(
      tts.synthesize({ text: 'one two three four five six', language: 'en' }, never),
    );
    expect(end).toBe('done');
    const rates = new Set(events.flatMap((event) => (event.type === 'audio' ? [event.pcm.rate] : [])));
    expect([...rates]).toEqual([24_000]);
    // More audio than the server sent, and eSpeak's words have their positions in the whole text.
    expect(samplesOf(events)).toBeGreaterThan(3 * 2_400 + 24_000);
    const offsets = events.flatMap((event) => (event.type === 'word' ? [event.offset] : []));
    expect(offsets.at(-1)).toBe('one two three four five '.length);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  });

  it('ask a remote worker at its position in the chain', async () => {
    const made = await engines({ 'engines.tts': 'remote,espeak', 'tts.remote.engine': 'scripted' });
    const host = hostTts(
      made.bus,
      realClock,
      scriptedTts(realClock, () => ({ firstByteMs: 0 })),
    );
    expect((await ask('tts', made)).end).toBe('done');
    await host.close();
    expect((await ask('tts', made)).end).toBe('done');
    expect(made.events.map(({ type, engine }) => `${engine} ${type}`)).toEqual([
      'remote asked',
      'remote firstByte',
      'remote asked',
      'remote failed',
      'espeak switched',
      'espeak asked',
      'espeak firstByte',
    ]);
  });
});

describe('engines that are all remote', () => {
  it('give way to those of a language, and get its voice', async () => {
    const made = await engines({
      ...{ 'engines.llm': 'remote', 'engines.tts': 'remote', 'tts.remote.engine': 'scripted' },
      byLanguage: '{"ja":{"engines":{"llm":["dialog"]},"voice":"nanami"}}',
    });
    const { llm, tts } = made;
    if (!llm || !tts) throw new Error('no engines');
    const voices: (string | undefined)[] = [];
    const host = hostTts(
      made.bus,
      realClock,
      scriptedTts(realClock, ({ voice }) => {
        voices.push(voice);
        return { firstByteMs: 0 };
      }),
    );
    for (const language of ['en', 'ja']) await outcomeOf(tts.synthesize({ text: 'はい', language }, never));
    await host.close();
    expect(voices).toEqual([undefined, 'nanami']);
    const messages = [{ role: 'user' as const, content: 'hello' }];
    await outcomeOf(llm.reply({ messages, language: 'ja', seed: 1 }, never));
    expect(made.events.flatMap((event) => (event.type === 'asked' ? [event.engine] : []))).toEqual([
      ...['remote', 'remote', 'dialog'],
    ]);
    expect(made.stt).toBeDefined();
  });

  it('are asked without a chain of this process if all languages have the same', async () => {
    const made = await engines({ 'engines.llm': 'remote', byLanguage: '{"ja":{"voice":"nanami"}}' });
    expect(made.llm).toBeUndefined();
  });
});

describe('the system prompt', () => {
  async function promptsOf(flags: Record<string, string>): Promise<unknown[]> {
    const server = await openaiServer({ chat: () => chatReply(REPLY) });
    afterTest(() => server.close());
    const own = {
      'engines.llm': 'openai',
      'llm.openai.base-url': server.baseURL,
      'llm.openai.api-key': 'none',
    };
    const { llm } = await engines({ ...own, ...flags });
    if (!llm) throw new Error('no engine');
    const messages = [{ role: 'user' as const, content: 'hello' }];
    const ask = (request: object) =>
      outcomeOf(llm.reply({ messages, seed: 1, language: 'en', ...request }, never));
    for (const language of ['en', 'zh-CN', 'sw']) await ask({ language });
    await ask({ systemPrompt: 'You summarise.' });
    return server.requests.map(
      ({ json }) => (json as { messages: { content: string }[] }).messages[0]?.content,
    );
  }

  it('asks for short spoken answers in the language of the turn, unless there is another', async () => {
    const short = expect.stringMatching(/short sentences/u);
    expect(await promptsOf({})).toEqual([
      short,
      expect.stringContaining('一两句短句'),
      short,
      'You summarise.',
    ]);
  });

  it('is the configured one', async () => {
    const byLanguage = '{"zh":{"systemPrompt":"你是机器人。"}}';
    const own = { 'llm.system-prompt': 'You are a robot.', byLanguage };
    const [en, zh, sw] = await promptsOf(own);
    expect([en, zh, sw]).toEqual(['You are a robot.', '你是机器人。', 'You are a robot.']);
  });
});

describe('the fixed phrases', () => {
  const small = parseDialog(
    `entries:
  - { id: hello, phrases: hello, replies: ['Hello!', 'Hello, it is {time}.'] }
  - { id: bye, phrases: goodbye, replies: '**Goodbye**. Take care.' }
`,
    'small.dialog.yaml',
  );
  it('are synthesised in advance, kept on disk, and found by the next process', {
    timeout: 60_000,
  }, async () => {
    const first = await engines({}, small);
    await first.tts?.warm?.();
    const texts = fixedPhrases(small, first.config, 'en');
    expect(texts).toContain(first.config.phrases.notUnderstood);
    expect(texts).toEqual(expect.arrayContaining(['Hello!', 'Goodbye.']));
    expect(texts.some((text) => text.includes('{'))).toBe(false);
    const progress: number[] = [];
    await first.preparePhrases?.(({ ready }) => progress.push(ready));
    expect(progress).toEqual(texts.map((_, i) => i + 1));
    expect(first.stats?.().phrases).toMatchObject({ entries: texts.length, stored: texts.length });
    await first.tts?.close();

    const second = await engines({}, small);
    await second.tts?.warm?.();
    let made = -1;
    await second.preparePhrases?.((now) => {
      made = now.made;
    });
    expect(made).toBe(0);
    const request = { text: second.config.phrases.notUnderstood, language: 'en' };
    const spoken = second.tts?.synthesize(request, never);
    expect(spoken && (await outcomeOf(spoken)).end).toBe('done');
    expect(second.stats?.().phrases).toMatchObject({ hits: 1 });
    // eSpeak itself was not called.
    expect(second.events.filter(({ type }) => type === 'asked')).toEqual([]);
  });

  it('are neither synthesised nor kept when the cache is off', async () => {
    const made = await engines({ 'tts.cache.enabled': 'no' });
    expect(made.preparePhrases).toBeUndefined();
    expect(made.stats?.().phrases).toBeUndefined();
  });

  it('are abandoned early when the engine cannot speak, and stop when the engine closes', async () => {
    const { baseURL, requests } = await server(errorAnswer(401, 'bad key'));
    const made = await engines({ 'engines.tts': 'openai', 'tts.openai.base-url': baseURL });
    await made.preparePhrases?.();
    expect(requests).toHaveLength(3);
    const slow = await server([{ do: 'hang' }]);
    const hung = await engines({ 'engines.tts': 'openai', 'tts.openai.base-url': slow.baseURL });
    const preparing = hung.preparePhrases?.();
    await slow.nextRequest();
    await hung.tts?.close();
    await preparing;
  });
});
