import { describe, expect, it } from 'vitest';
import { answer, type HttpStep } from '../../../testing/loopback/http-script.ts';
import { toneMp3 } from '../../../testing/loopback/mp3.ts';
import { speechBytes, toneSamples } from '../../../testing/loopback/openai-replies.ts';
import { type OpenAiServer, openaiServer } from '../../../testing/loopback/openai-server.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { closeAfterEach } from '../../engine-test-util.ts';
import { encodeG711 } from '../../g711.ts';
import { openaiTts } from '../openai/openai.ts';

let server: OpenAiServer;
let engine: ReturnType<typeof openaiTts>;

closeAfterEach(() => ({ engine, server }));

/** What the adapter plays of an answer of a raw server, and the error at the end. */
async function played(steps: readonly HttpStep[]) {
  server = await openaiServer({ speech: () => steps });
  engine = openaiTts({ baseURL: server.baseURL, model: 'm', voice: 'v' });
  const signal = new AbortController().signal;
  const { events, end, error } = await outcomeOf(
    engine.synthesize({ text: 'Hello.', language: 'en' }, signal),
  );
  const pcms = events.flatMap((event) => (event.type === 'audio' ? [event.pcm] : []));
  return {
    rates: [...new Set(pcms.map(({ rate }) => rate))],
    samples: Int16Array.from(pcms.flatMap(({ samples }) => [...samples])),
    end: error?.message ?? end,
  };
}

const TONE = toneSamples(300, 22_050);
const bytesOf = (samples: Int16Array) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
const stereo = (left: Int16Array, right: Int16Array) =>
  Int16Array.from({ length: 2 * left.length }, (_, i) => (i % 2 === 0 ? left : right)[i >> 1] ?? 0);
const swapped = (bytes: Buffer) => Buffer.from(bytes).swap16();

interface Header {
  readonly code?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  readonly extended?: boolean;
  readonly size?: number;
  readonly before?: Buffer;
}

function chunk(tag: string, body: Buffer, size = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(tag, 'latin1');
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, body]);
}

function wav(
  sound: Buffer,
  { code = 1, channels = 1, rate = 22_050, bits = 16, ...more }: Header = {},
): Buffer {
  const format = Buffer.alloc(more.extended ? 40 : 16);
  format.writeUInt16LE(more.extended ? 0xfffe : code, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt32LE((rate * channels * bits) / 8, 8);
  format.writeUInt16LE((channels * bits) / 8, 12);
  format.writeUInt16LE(bits, 14);
  if (more.extended) format.writeUInt16LE(code, 24);
  const size = more.size ?? sound.length;
  const file = Buffer.concat([
    chunk('fmt ', format),
    more.before ?? Buffer.alloc(0),
    chunk('data', sound, size),
  ]);
  const head = chunk('RIFF', Buffer.from('WAVE'), size === sound.length ? file.length + 4 : size);
  return Buffer.concat([head, file]);
}

const LIST = chunk('LIST', Buffer.from('INFOISFT\x05\0\0\0Lavf\0\0'));
const f32 = (samples: Int16Array) => bytesOfFloats(Float32Array.from(samples, (one) => one / 32_768));
const bytesOfFloats = (floats: Float32Array) => Buffer.from(floats.buffer);
const wide = (width: number) => {
  const bytes = Buffer.alloc(TONE.length * width);
  for (const [i, sample] of TONE.entries()) bytes.writeInt16LE(sample, i * width + width - 2);
  return bytes;
};
const coarse = Int16Array.from(TONE, (sample) => (sample >> 8) << 8);
const u8 = Buffer.from(Uint8Array.from(TONE, (sample) => (sample >> 8) + 128));
const decoded = (law: 'mu' | 'a') => encodeG711(law, TONE);

describe('speech that a server sends as', () => {
  it.each<[string, Buffer, string, Int16Array?, number?]>([
    ['a WAV file', wav(bytesOf(TONE)), 'audio/wav'],
    ['a WAV file without a type', wav(bytesOf(TONE)), 'application/octet-stream'],
    ['a WAV file that is said to be PCM', wav(bytesOf(TONE)), 'audio/pcm'],
    ['a WAV file with size 0', wav(bytesOf(TONE), { size: 0 }), 'audio/x-wav'],
    ['a WAV file with the largest size', wav(bytesOf(TONE), { size: 0xffff_ffff }), 'audio/wav'],
    ['a WAV file with a placeholder as size', wav(bytesOf(TONE), { size: 0x7fff_ffff - 36 }), 'audio/wav'],
    ['a WAV file with too small a size', wav(bytesOf(TONE), { size: 100 }), 'audio/wav'],
    ['a WAV file with a list before its sound', wav(bytesOf(TONE), { before: LIST }), 'audio/wav'],
    ['a WAV file with a list after its sound', Buffer.concat([wav(bytesOf(TONE)), LIST]), 'audio/wav'],
    ['an extensible WAV file', wav(bytesOf(TONE), { extended: true }), 'audio/wav'],
    ['a WAV file of floats', wav(f32(TONE), { code: 3, bits: 32 }), 'audio/wav'],
    ['an extensible WAV file of floats', wav(f32(TONE), { code: 3, bits: 32, extended: true }), 'audio/wav'],
    ['a WAV file of 24 bits', wav(wide(3), { bits: 24 }), 'audio/wav'],
    ['a WAV file of 32 bits', wav(wide(4), { bits: 32 }), 'audio/wav'],
    ['a WAV file of 8 bits', wav(u8, { bits: 8 }), 'audio/wav', coarse],
    ['a WAV file in stereo', wav(bytesOf(stereo(TONE, TONE)), { channels: 2 }), 'audio/wav'],
    ['several WAV files', Buffer.concat([wav(bytesOf(TONE)), wav(bytesOf(TONE))]), 'audio/wav', twice(TONE)],
    [
      'several WAV files without sizes',
      Buffer.concat([wav(bytesOf(TONE), { size: 0 }), wav(bytesOf(TONE), { size: 0 })]),
      'audio/wav',
      twice(TONE),
    ],
    ['L16 with its rate, little-endian', bytesOf(TONE), 'audio/L16; rate=22050'],
    [
      'L16 with its rate, big-endian as in RFC 3551',
      swapped(bytesOf(TONE)),
      'audio/L16;rate=22050;channels=1',
    ],
    ['L16 of Gemini', bytesOf(TONE), 'audio/L16;codec=pcm;rate=22050'],
    ['L16 in stereo', bytesOf(stereo(TONE, TONE)), 'audio/l16; rate="22050"; channels=2'],
    ['L16 that names its byte order', swapped(bytesOf(TONE)), 'audio/l16;rate=22050;endianness=big-endian'],
    ['PCM with its rate', bytesOf(TONE), 'audio/pcm; sample_rate=22050'],
    ['PCM of 8 bits', u8, 'audio/pcm;rate=22050;bits=8', coarse],
    ['PCM of floats', f32(TONE), 'audio/pcm;rate=22050;encoding=f32le'],
    ['PCM with an odd last byte', Buffer.concat([bytesOf(TONE), Buffer.of(1)]), 'audio/pcm;rate=22050'],
    ['PCM without anything said', bytesOf(TONE), 'application/octet-stream', TONE, 24_000],
  ])(
    '%s is played at its rate, however it is cut',
    async (_, bytes, contentType, samples = TONE, rate = 22_050) => {
      for (const chunkBytes of [997, 100_000]) {
        const heard = await played(speechBytes(bytes, { contentType, chunkBytes }));
        expect(heard).toMatchObject({ rates: [rate], end: 'done' });
        expect(heard.samples).toEqual(samples);
        await engine.close();
        await server.close();
      }
    },
  );

  it('a WAV file in single bytes is played', async () => {
    const short = TONE.subarray(0, 40);
    const { samples } = await played(
      speechBytes(wav(bytesOf(short), { size: 0, before: LIST }), { chunkBytes: 1 }),
    );
    expect(samples).toEqual(short);
  });

  it.each([
    [
      'a WAV file in stereo',
      wav(
        bytesOf(
          stereo(
            TONE,
            TONE.map((one) => -one),
          ),
        ),
        { channels: 2 },
      ),
      'audio/wav',
    ],
    [
      'L16 in stereo',
      bytesOf(
        stereo(
          TONE,
          TONE.map((one) => -one),
        ),
      ),
      'audio/pcm;rate=22050;channels=2',
    ],
  ])('%s is mixed down', async (_, bytes, contentType) => {
    const { samples } = await played(speechBytes(bytes, { contentType }));
    expect(samples.length).toBe(TONE.length);
    expect(samples.every((one) => Math.abs(one) <= 1)).toBe(true);
  });

  it.each(['mu', 'a'] as const)('G.711 (%s-law) is played, raw and in a WAV file', async (law) => {
    const bytes = Buffer.from(decoded(law));
    const file = wav(bytes, { code: law === 'mu' ? 7 : 6, bits: 8, rate: 8_000 });
    for (const [sound, type] of [
      [file, 'audio/wav'],
      [bytes, law === 'mu' ? 'audio/basic' : 'audio/PCMA'],
    ] as const) {
      const { samples, rates } = await played(speechBytes(sound, { contentType: type }));
      expect(rates).toEqual([8_000]);
      expect(samples.length).toBe(TONE.length);
      expect(samples.every((one, i) => Math.abs(one - (TONE[i] ?? 0)) < 600)).toBe(true);
      await engine.close();
      await server.close();
    }
  });

  const mp3 = Buffer.from(toneMp3(20));
  const id3 = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\x01\x00'), Buffer.alloc(128)]);
  it.each([
    ['MP3', mp3, 'audio/mpeg'],
    ['MP3 that is said to be PCM', mp3, 'audio/pcm'],
    ['MP3 behind an ID3 tag', Buffer.concat([id3, mp3]), 'application/octet-stream'],
  ])('%s is decoded', async (_, bytes, contentType) => {
    for (const chunkBytes of [1, 61, 100_000]) {
      const { samples, rates } = await played(speechBytes(bytes, { contentType, chunkBytes }));
      expect(rates).toEqual([24_000]);
      expect(Math.max(...samples)).toBeGreaterThan(10_000);
      await engine.close();
      await server.close();
    }
  });

  it.each<[string, readonly HttpStep[], RegExp]>([
    ['ADPCM', speechBytes(wav(bytesOf(TONE), { code: 0x11, bits: 4 })), /IMA ADPCM.*cannot be played/],
    ['Microsoft ADPCM', speechBytes(wav(bytesOf(TONE), { code: 2, bits: 4 })), /Microsoft ADPCM/],
    ['another encoding', speechBytes(wav(bytesOf(TONE), { code: 0x123, bits: 4 })), /encoding 0x123/],
    ['Opus', speechBytes(Buffer.from('OggS\0\x02 and so on')), /Ogg \(Opus or Vorbis\)/],
    ['Opus by its type', answer(200, 'audio/ogg', bytesOf(TONE)), /audio\/ogg/],
    ['FLAC', speechBytes(Buffer.from('fLaC and so on')), /FLAC/],
    ['JSON', answer(200, 'application/json', '{"error":{"message":"no such model"}}'), /: no such model$/],
    [
      'JSON that is said to be PCM',
      answer(200, 'audio/pcm', '{"detail": "out of memory"}'),
      /: out of memory$/,
    ],
    ['HTML', answer(200, 'text/html', '<html><title>Bad gateway</title></html>'), /: Bad gateway$/],
    ['text', answer(200, 'text/plain', 'Model is loading'), /: Model is loading$/],
    ['a header alone', speechBytes(wav(Buffer.alloc(0)).subarray(0, 30)), /ends before its sound/],
    ['an empty WAV file', speechBytes(wav(Buffer.alloc(0))), /no audio/],
  ])('%s is refused in words', async (_, steps, message) => {
    const { samples, end } = await played(steps);
    expect(samples.length).toBe(0);
    expect(end).toMatch(message);
  });
});

function twice(samples: Int16Array): Int16Array {
  return Int16Array.from([...samples, ...samples]);
}

describe('a server that refuses PCM', () => {
  it('is asked for WAV, at once from then on', async () => {
    const refusal = JSON.stringify({ error: { message: 'response_format must be one of [wav]' } });
    server = await openaiServer({
      speech: ({ json }) =>
        JSON.stringify(json).includes('"pcm"')
          ? answer(400, 'application/json', refusal)
          : speechBytes(wav(bytesOf(TONE)), { contentType: 'audio/wav' }),
    });
    engine = openaiTts({ baseURL: server.baseURL, model: 'm', voice: 'v' });
    const say = () =>
      outcomeOf(engine.synthesize({ text: 'Hello.', language: 'en' }, new AbortController().signal));
    expect([(await say()).end, (await say()).end]).toEqual(['done', 'done']);
    const formats = server.requests.map(
      ({ json }) => /"response_format":"(\w+)"/.exec(JSON.stringify(json))?.[1],
    );
    expect(formats).toEqual(['pcm', 'wav', 'wav']);
  });
});
