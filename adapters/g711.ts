/** G.711 (ITU-T, 1988): 8 bits for each sample of 16, on a logarithmic scale. Everywhere at 8,000 Hz. */
export type G711Law = 'mu' | 'a';
export const G711_RATE = 8_000;

const MU_BIAS = 0x84;
/** Above this, the bias would overflow the highest segment. */
const MU_CLIP = 32_635;
/** A-law inverts every second bit, so that silence has transitions. */
const A_TOGGLE = 0x55;

function muByte(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), MU_CLIP) + MU_BIAS;
  const segment = 24 - Math.clz32(magnitude);
  const step = (magnitude >> (segment + 3)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | step) & 0xff;
}

function muSample(byte: number): number {
  const bits = ~byte;
  const magnitude = ((((bits & 0x0f) << 3) + MU_BIAS) << ((bits & 0x70) >> 4)) - MU_BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

function aByte(sample: number): number {
  const magnitude = (sample < 0 ? ~sample : sample) >> 4;
  const segment = Math.max(0, 28 - Math.clz32(magnitude));
  const step = (magnitude >> Math.max(0, segment - 1)) & 0x0f;
  return ((sample < 0 ? 0 : 0x80) | (segment << 4) | step) ^ A_TOGGLE;
}

function aSample(byte: number): number {
  const bits = byte ^ A_TOGGLE;
  const segment = (bits & 0x70) >> 4;
  const base = ((bits & 0x0f) << 4) + (segment === 0 ? 0x08 : 0x108);
  const magnitude = base << Math.max(0, segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

const BYTES = {
  mu: Uint8Array.from({ length: 65_536 }, (_, bits) => muByte((bits << 16) >> 16)),
  a: Uint8Array.from({ length: 65_536 }, (_, bits) => aByte((bits << 16) >> 16)),
};
const SAMPLES = {
  mu: Int16Array.from({ length: 256 }, (_, byte) => muSample(byte)),
  a: Int16Array.from({ length: 256 }, (_, byte) => aSample(byte)),
};

export function encodeG711(law: G711Law, samples: Int16Array): Uint8Array {
  const table = BYTES[law];
  return Uint8Array.from(samples, (sample) => table[sample & 0xffff] ?? 0);
}

export function decodeG711(law: G711Law, bytes: Uint8Array): Int16Array {
  const table = SAMPLES[law];
  return Int16Array.from(bytes, (byte) => table[byte] ?? 0);
}
