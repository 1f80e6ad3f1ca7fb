import { describe, expect, it } from 'vitest';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../../machines/audio.ts';
import { answer, type HttpStep } from '../../../testing/loopback/http-script.ts';
import { toneSamples, transcriptReply } from '../../../testing/loopback/openai-replies.ts';
import { type OpenAiServer, openaiServer } from '../../../testing/loopback/openai-server.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { type OpenAiSttOptions, openaiStt } from './openai.ts';

let server: OpenAiServer;
let engine: ReturnType<typeof openaiStt>;

closeAfterEach(() => ({ engine, server }));

interface Heard {
  readonly language?: string;
  readonly samples?: Int16Array;
  readonly options?: Partial<OpenAiSttOptions>;
}

const CLEAR = toneSamples(600, PIPELINE_RATE, 200);

/** What the adapter makes of the answers of a raw server, one a request; the last one repeats. */
async function heard(answers: readonly (readonly HttpStep[])[], { language = 'en', ...more }: Heard = {}) {
  const { samples = CLEAR, options } = more;
  server = await openaiServer({ transcription: ({ n }) => answers[Math.min(n, answers.length - 1)] ?? [] });
  engine = openaiStt({ baseURL: server.baseURL, model: 'm', ...options });
  const audio = async function* (): AsyncGenerator<Pcm<PipelineRate>> {
    yield { rate: PIPELINE_RATE, samples };
  };
  const { events, end, error } = await outcomeOf(
    engine.transcribe(audio(), { language }, new AbortController().signal),
  );
  const final = events.findLast((event) => event.type === 'final');
  return { final, end: error?.message ?? end };
}

const json = (value: unknown) => answer(200, 'application/json', JSON.stringify(value));
const text = (body: string, type = 'text/plain; charset=utf-8') => answer(200, type, body);

describe('a transcription', () => {
  it.each<[string, readonly HttpStep[], object]>([
    ['plain text', text(' turn left\n'), { text: 'turn left' }],
    ['plain text without a type', [{ do: 'send', bytes: 'turn left' }, { do: 'end' }], { text: 'turn left' }],
    ['plain text in lines', text('turn left\nand stop\n'), { text: 'turn left and stop' }],
    ['plain text in lines of a script without spaces', text('请向左\n转'), { text: '请向左转' }],
    ['no text', text(''), { text: '' }],
    ['JSON that is said to be text', text('{"text":"turn left"}'), { text: 'turn left' }],
    ['JSON with a byte order mark', text('\ufeff{"text":"turn left"}'), { text: 'turn left' }],
    ['null', json({ text: null }), { text: '' }],
    [
      'null with segments',
      json({ text: null, segments: [{ text: ' turn' }, { text: ' left' }] }),
      { text: 'turn left' },
    ],
    [
      'segments alone',
      json({
        segments: [
          { id: 0, text: ' turn' },
          { id: 1, text: ' left' },
        ],
      }),
      { text: 'turn left' },
    ],
    ['segments of nothing', json({ segments: [] }), { text: '' }],
    ['a list of segments', json([{ text: 'turn' }, { text: 'left' }]), { text: 'turn left' }],
    ['new lines between segments', json({ text: ' turn left\n and stop\n' }), { text: 'turn left and stop' }],
    ['a string', json('turn left'), { text: 'turn left' }],
    ['another name of the text', json({ transcription: 'turn left' }), { text: 'turn left' }],
    ['a result in a result', json({ result: { text: 'turn left' } }), { text: 'turn left' }],
    ['null as error', json({ text: 'turn left', error: null }), { text: 'turn left' }],
    [
      'tags',
      json({ text: '<|startoftranscript|><|en|><|transcribe|><|0.00|> turn left<|2.00|>' }),
      { text: 'turn left', language: 'en' },
    ],
    [
      'tags of SenseVoice',
      json({ text: '<|zh|><|NEUTRAL|><|Speech|><|woitn|>请向左转' }),
      { text: '请向左转', language: 'zh' },
    ],
    ['a tag for no speech', json({ text: '<|nospeech|><|EMO_UNKNOWN|>' }), { text: '' }],
    ['tags of whisper.cpp', json({ text: '[_BEG_] turn left[_TT_150]' }), { text: 'turn left' }],
    [
      'the form of Qwen',
      json({ text: 'language English<asr_text>turn left' }),
      { text: 'turn left', language: 'en' },
    ],
    [
      'time stamps',
      text('[00:00:00.000 --> 00:00:01.200]   turn left\n[00:00:01.200 --> 00:00:02.000]  and stop\n'),
      { text: 'turn left and stop' },
    ],
    ['seconds', text('[0.00s -> 1.20s] turn left'), { text: 'turn left' }],
    [
      'SRT',
      text('1\n00:00:00,000 --> 00:00:01,200\nturn left\n\n2\n00:00:01,200 --> 00:00:02,000\nand stop\n'),
      { text: 'turn left and stop' },
    ],
    [
      'WebVTT',
      text('WEBVTT\n\n00:00.000 --> 00:01.200\n<v Speaker>turn left</v>\n', 'text/vtt'),
      { text: 'turn left' },
    ],
    ['numbers that are not times', json({ text: 'at 10:30, 2 to 4' }), { text: 'at 10:30, 2 to 4' }],
    ['its language by name', json({ text: 'hello', language: 'english' }), { text: 'hello', language: 'en' }],
    ['its language by tag', json({ text: 'hallo', language: 'DE' }), { text: 'hallo', language: 'de' }],
    [
      'its language in another place',
      json({ text: '你好', detected_language: 'Chinese' }),
      { text: '你好', language: 'zh' },
    ],
    ['no language', json({ text: 'hello', language: 'unknown' }), { text: 'hello' }],
    [
      'invalid word times',
      json({ text: 'hello', words: [{ word: 'hello', start: null }] }),
      { text: 'hello' },
    ],
  ])('is understood that has %s', async (_, steps, final) => {
    expect(await heard([steps])).toEqual({ final: { type: 'final', ...final }, end: 'done' });
  });

  it.each<[string, readonly HttpStep[], RegExp]>([
    [
      'an error with status 200',
      json({ error: { message: 'model not loaded' } }),
      /recognition failed: model not loaded/,
    ],
    ['an error as a string', json({ error: 'audio too short' }), /recognition failed: audio too short/],
    ['an error beside an empty text', json({ text: '', error: 'out of memory' }), /out of memory/],
    ['a detail', json({ detail: [{ msg: 'file is missing' }] }), /file is missing/],
    ['a page', answer(200, 'text/html', '<html><title>Sign in</title></html>'), /Sign in/],
    [
      'an error with status 400',
      answer(400, 'application/json', '{"error":{"message":"unknown model"}}'),
      /unknown model/,
    ],
  ])('fails with the words of a server that sends %s', async (_, steps, message) => {
    const { final, end } = await heard([steps]);
    expect(final).toBeUndefined();
    expect(end).toMatch(message);
  });
});

describe('a server that is not ready', () => {
  const busy = (status: number, headers: Record<string, string> = {}): HttpStep[] => [
    { do: 'head', status, headers: { 'content-type': 'application/json', ...headers } },
    { do: 'send', bytes: '{"error":{"message":"loading model"}}' },
    { do: 'end' },
  ];

  it.each<[string, readonly HttpStep[]]>([
    ['503', busy(503)],
    ['502', busy(502)],
    ['503 with a time', busy(503, { 'retry-after': '0' })],
    ['429 with a time', busy(429, { 'retry-after-ms': '10' })],
  ])('is asked once more after a %s', async (_, first) => {
    expect(await heard([first, transcriptReply('hello')])).toMatchObject({ final: { text: 'hello' } });
    expect(server.requests.length).toBe(2);
  });

  it.each<[string, readonly HttpStep[], number]>([
    ['stays so', busy(503), 2],
    ['wants more time than a user has', busy(503, { 'retry-after': '30' }), 1],
    ['has too much to do', busy(429), 1],
    ['fails', busy(500), 1],
  ])('fails in its own words if it %s', async (_, steps, requests) => {
    expect((await heard([steps])).end).toMatch(/loading model/);
    expect(server.requests.length).toBe(requests);
  });
});

const noise = (amplitude: number) => {
  let state = 1;
  return Int16Array.from({ length: 0.8 * PIPELINE_RATE }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.round(amplitude * (state / 1_073_741_824 - 1));
  });
};
const FAINT = noise(300);
const LOUD_NOISE = noise(8_000);

describe('words that were not said', () => {
  it.each([
    ...[
      'Thanks for watching!',
      'Thank you for watching.',
      'Thank you so much for watching!',
      'you',
      'You',
      'Thank you.',
    ],
    ...[
      'Thank you very much.',
      'Bye.',
      'Bye bye.',
      '[BLANK_AUDIO]',
      '♪',
      '♪♪♪',
      '♪ la la la ♪',
      '(music)',
      '[Music]',
    ],
    ...[
      '[ Silence ]',
      '*sighs*',
      '(wind blowing)',
      'Subtitles by the Amara.org community',
      'Please subscribe to my channel.',
    ],
    ...[
      'Like and subscribe!',
      'See you in the next video.',
      'okay okay okay',
      'Okay. Okay. Okay. Okay.',
      'Thank you. Thank you.',
    ],
    ...[
      'Untertitel der Amara.org-Community',
      'Untertitelung des ZDF, 2020',
      'Vielen Dank.',
      'Vielen Dank fürs Zuschauen!',
    ],
    ...[
      "Sous-titres réalisés par la communauté d'Amara.org",
      "Sous-titrage ST' 501",
      'Merci.',
      "Merci d'avoir regardé cette vidéo !",
    ],
    ...[
      'Subtítulos realizados por la comunidad de Amara.org',
      '¡Suscríbete al canal!',
      'Gracias por ver el video.',
      'Gracias.',
    ],
    ...[
      '字幕由Amara.org社区提供',
      '字幕志愿者 杨茜茜',
      '请不吝点赞 订阅 转发 打赏支持明镜与点点栏目',
      '謝謝觀看',
      '谢谢大家',
    ],
    ...[
      'ご視聴ありがとうございました',
      'ご視聴ありがとうございました。',
      'チャンネル登録お願いします',
      'おやすみなさい。',
      '[音楽]',
    ],
    ...['시청해주셔서 감사합니다.', '구독과 좋아요 부탁드립니다', 'MBC 뉴스 이덕영입니다.', '감사합니다.'],
    ...[
      'Sottotitoli creati dalla comunità Amara.org',
      'Субтитры сделал DimaTorzok',
      'Продолжение следует...',
      'Ondertitels ingediend door de Amara.org gemeenschap',
    ],
  ])('are rejected in a short faint sound: %s', async (written) => {
    const { final } = await heard([json({ text: written })], { samples: FAINT });
    expect(final).toEqual({
      type: 'final',
      text: '',
      rejected: { nearest: written, confidence: 0, reason: 'invented' },
    });
  });

  it.each([
    'Thanks for watching!',
    '[BLANK_AUDIO]',
    '♪',
    'Untertitel der Amara.org-Community',
    '字幕由Amara.org社区提供',
  ])('are rejected in any sound if people never say them: %s', async (written) => {
    expect((await heard([json({ text: written })])).final).toMatchObject({
      rejected: { reason: 'invented' },
    });
  });

  it.each([
    ...[
      'Thank you.',
      'thank you',
      'Bye.',
      'Vielen Dank.',
      'Merci.',
      'Gracias.',
      '谢谢',
      'ありがとうございました',
      '감사합니다.',
    ],
    ...[
      'You',
      'Okay okay okay.',
      'Can you add subtitles by tomorrow?',
      'I like the music channel.',
      'Watch the door.',
    ],
  ])('are kept if they are said clearly: %s', async (written) => {
    expect((await heard([json({ text: written })])).final).toEqual({ type: 'final', text: written });
  });

  it.each([
    'stop',
    'Stop!',
    'no',
    'yes',
    'okay',
    'stop stop stop',
    'turn left',
    'はい',
    '네',
    'ja',
    'You can go home.',
  ])('are not found in faint answers and commands: %s', async (written) => {
    expect((await heard([json({ text: written })], { samples: FAINT })).final).toMatchObject({
      text: written,
    });
  });

  it('are taken out from beside words that were said', async () => {
    const { final } = await heard([json({ text: '[Music] Turn left (door closes).' })]);
    expect(final?.text).toBe('Turn left .');
  });

  it('are rejected if the model hears no speech, however loud it is', async () => {
    const segments = [{ no_speech_prob: 0.8, avg_logprob: -0.3 }];
    const { final } = await heard([json({ text: 'Thank you.', segments })]);
    expect(final).toMatchObject({ text: '', rejected: { reason: 'invented' } });
  });

  it('pass if the guard is off', async () => {
    const { final } = await heard([json({ text: '[BLANK_AUDIO]' })], {
      options: { guard: false },
      samples: FAINT,
    });
    expect(final?.text).toBe('[BLANK_AUDIO]');
  });
});

describe('the prompt', () => {
  const prompt = 'Robot commands: go forward, turn left, turn right, stop, dance for me.';
  const sentence = 'The user talks to a small robot named Robbie about the kitchen.';
  const zh = '机器人的命令：前进，左转，右转，停下。';
  it.each<[string, string, string, Int16Array?]>([
    [prompt, 'Robot commands: go forward, turn left, turn right, stop, dance for me.', 'en'],
    [prompt, 'robot commands go forward turn left turn right stop dance for me', 'en'],
    [prompt, `${prompt} ${prompt}`, 'en'],
    [prompt, `Hello. ${prompt}`, 'en'],
    [prompt, 'Go forward, turn left, turn right.', 'en'],
    [prompt, 'Go forward, turn left, turn right, stop, dance for me.', 'en'],
    [prompt, 'turn left, go forward, stop, dance for me, turn right', 'en'],
    [prompt, 'Robot commands go forward turn left turn right stop and dance', 'en'],
    [sentence, 'The user talks to a small robot named Robbie about the kitchen', 'en'],
    [sentence, 'The user talks to a small robot named Robbie.', 'en'],
    [zh, '机器人的命令，前进，左转，右转，停下', 'zh'],
    [zh, '前进，左转，右转', 'zh'],
    [prompt, 'Go forward.', 'en', FAINT],
    [prompt, 'go forward', 'en', LOUD_NOISE],
    [prompt, 'Turn left, turn right.', 'en', LOUD_NOISE],
    [zh, '前进', 'zh', LOUD_NOISE],
  ])('%j that comes back as %j is rejected', async (given, written, language, samples = CLEAR) => {
    const { final } = await heard([json({ text: written })], {
      samples,
      language,
      options: { prompt: given },
    });
    expect(final).toMatchObject({ text: '', rejected: { reason: 'invented' } });
  });

  it.each<[string, string, string, Int16Array?]>([
    [prompt, 'Go forward.', 'en'],
    [prompt, 'turn left', 'en'],
    [prompt, 'Turn right, stop.', 'en'],
    [prompt, 'stop', 'en'],
    [prompt, 'stop', 'en', FAINT],
    [prompt, 'Please go forward two meters.', 'en'],
    [prompt, 'Dance for me!', 'en'],
    ['robot', 'hello robot', 'en'],
    ['Robbie', 'Robbie', 'en'],
    [sentence, 'Robbie, go to the kitchen.', 'en'],
    [sentence, 'What is a small robot?', 'en'],
    [zh, '左转', 'zh'],
    [zh, '请前进两米', 'zh'],
  ])('%j does not hide %j that is said', async (given, written, language, samples = CLEAR) => {
    const { final } = await heard([json({ text: written })], {
      samples,
      language,
      options: { prompt: given },
    });
    expect(final).toMatchObject({ text: written });
  });
});
