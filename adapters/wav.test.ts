import { describe, expect, test } from 'vitest';
import { ParleyError } from '../machines/errors.ts';
import { parseWav, writeWav } from './wav.ts';

const RAMP = Int16Array.of(0, 1, -1, 32_767, -32_768, 1_234);

function ascii(text: string): number[] {
  return [...text].map((letter) => letter.charCodeAt(0));
}

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

function chunk(tag: string, content: readonly number[], size = content.length): number[] {
  return [...ascii(tag), ...little(size, 4), ...content, ...(content.length % 2 === 1 ? [0] : [])];
}

function fmt({ code = 1, channels = 1, rate = 16_000, bits = 16, more = [] as number[] } = {}): number[] {
  const frame = (channels * bits) / 8;
  return chunk('fmt ', [
    ...little(code, 2),
    ...little(channels, 2),
    ...little(rate, 4),
    ...little(rate * frame, 4),
    ...little(frame, 2),
    ...little(bits, 2),
    ...more,
  ]);
}

function file(...chunks: number[][]): Uint8Array {
  const content = [...ascii('WAVE'), ...chunks.flat()];
  return Uint8Array.from([...ascii('RIFF'), ...little(content.length, 4), ...content]);
}

const TWO_SAMPLES = [...little(5, 2), ...little(7, 2)];

test('reads what it has written', () => {
  const parsed = parseWav(writeWav({ rate: 22_050, samples: RAMP }));

  expect(parsed).toEqual({ rate: 22_050, samples: RAMP });
});

test('reads a view into a larger buffer, at an odd offset too', () => {
  const bytes = writeWav({ rate: 16_000, samples: RAMP });
  const larger = new Uint8Array(bytes.length + 6);
  larger.set(bytes, 3);

  expect(parseWav(larger.subarray(3, 3 + bytes.length)).samples).toEqual(RAMP);
});

test('two channels are written side by side, the shorter filled with silence, and read as their mean', () => {
  const bytes = writeWav(
    { rate: 16_000, samples: Int16Array.of(10, 20, 30) },
    { rate: 16_000, samples: Int16Array.of(20) },
  );

  expect([...new Int16Array(bytes.buffer, 44)]).toEqual([10, 20, 20, 0, 30, 0]);
  expect([...parseWav(bytes).samples]).toEqual([15, 10, 15]);
});

test('two channels of different rates are refused', () => {
  expect(() => writeWav({ rate: 16_000, samples: RAMP }, { rate: 24_000, samples: RAMP })).toThrow(
    '24000 Hz',
  );
});

describe('the reader accepts files of other programs', () => {
  test.each([
    [
      'chunks before, between and after',
      file(
        chunk('LIST', [1, 2, 3]),
        fmt(),
        chunk('fact', [0, 0]),
        chunk('data', TWO_SAMPLES),
        chunk('id3 ', [1]),
      ),
    ],
    [
      'the extensible format',
      file(
        fmt({
          code: 0xfffe,
          more: [
            ...little(22, 2),
            ...little(16, 2),
            ...little(4, 4),
            ...little(1, 2),
            ...Array<number>(14).fill(0),
          ],
        }),
        chunk('data', TWO_SAMPLES),
      ),
    ],
    ['a size that was never filled in', file(fmt(), chunk('data', TWO_SAMPLES, 0))],
    ['the size of an endless stream', file(fmt(), chunk('data', TWO_SAMPLES, 0xffff_ffff))],
    ['a size larger than the file', file(fmt(), chunk('data', TWO_SAMPLES, 4_000))],
    ['half a sample at the end', file(fmt(), chunk('data', [...TWO_SAMPLES, 9], 5)).subarray(0, -1)],
  ])('%s', (_, bytes) => {
    expect([...parseWav(bytes).samples]).toEqual([5, 7]);
  });

  test('without any samples', () => {
    expect(parseWav(file(fmt(), chunk('data', []))).samples).toHaveLength(0);
    expect(parseWav(file(fmt(), chunk('data', []), chunk('LIST', [1, 2, 3, 4]))).samples).toHaveLength(0);
  });
});

describe('an unusable file is refused with the reason', () => {
  test.each([
    ['nothing', new Uint8Array(0), 'does not begin'],
    ['something else', Uint8Array.from(ascii('ID3 and then some music')), 'does not begin'],
    ['a header alone', file(), 'no format'],
    ['a format alone', file(fmt()), 'no sound'],
    ['sound alone', file(chunk('data', TWO_SAMPLES)), 'before its format'],
    ['a format cut off', file(chunk('fmt ', [1, 0, 1, 0])), 'cut off'],
    ['A-law', file(fmt({ code: 6, bits: 8 })), 'encoding 6'],
    ['floating point', file(fmt({ code: 3, bits: 32 })), 'encoding 3'],
    ['24 bits', file(fmt({ bits: 24 })), '24 bits'],
    ['six channels', file(fmt({ channels: 6 })), '6 channels'],
    ['no channel', file(fmt({ channels: 0 })), '0 channels'],
    ['no rate', file(fmt({ rate: 0 })), '0 Hz'],
    ['a chunk that claims more than there is', file(chunk('LIST', [1, 2], 0xffff_fff0), fmt()), 'no format'],
  ])('%s', (_, bytes, reason) => {
    const parse = () => parseWav(bytes);

    expect(parse).toThrow(ParleyError);
    expect(parse).toThrow(reason);
  });

  test('garbage of any kind is read or refused, never anything else', () => {
    const good = file(fmt(), chunk('data', TWO_SAMPLES));
    for (let at = 0; at < good.length; at++)
      for (const value of [0, 1, 127, 128, 255]) {
        const bytes = Uint8Array.from(good);
        bytes[at] = value;
        try {
          expect(parseWav(bytes).samples.length).toBeLessThanOrEqual(good.length);
        } catch (error) {
          expect(error).toBeInstanceOf(ParleyError);
        }
      }
  });
});
