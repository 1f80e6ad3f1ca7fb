// SHA-256 (FIPS 180-4), because the browser's own is asynchronous and the journal's hashes are wanted at every step.

const BLOCK = 64;
const LENGTH_AT = 56;

/** The first 32 bits of the fractional parts of the square roots (or cube roots) of the first primes. */
function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const found = new Uint32Array(count);
  for (let candidate = 2, n = 0; n < count; candidate++) {
    if (!isPrime(candidate)) continue;
    const value = root(candidate);
    found[n++] = Math.floor((value - Math.floor(value)) * 2 ** 32);
  }
  return found;
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++)
    if (candidate % divisor === 0) return false;
  return true;
}

const START = fractions(8, Math.sqrt);
const ROUNDS = fractions(BLOCK, Math.cbrt);

const encoder = new TextEncoder();
const schedule = new Int32Array(BLOCK);
let padded = new Uint8Array(1_024);

/** SHA-256 of a text's UTF-8, in lower-case hex, without waiting. */
export function sha256(text: string): string {
  const bytes = pad(text);
  const view = new DataView(padded.buffer, 0, bytes);
  const hash = Int32Array.from(START);
  for (let at = 0; at < bytes; at += BLOCK) compress(hash, view, at);
  let hex = '';
  for (const word of hash) hex += (word >>> 0).toString(16).padStart(8, '0');
  return hex;
}

/** Writes the text, the end mark and its length in bits; gives how many bytes that is. */
function pad(text: string): number {
  // A UTF-16 unit takes three bytes of UTF-8 at most.
  const room = text.length * 3 + 2 * BLOCK;
  if (padded.length < room) padded = new Uint8Array(2 * room);
  const { written } = encoder.encodeInto(text, padded);
  const bytes = Math.ceil((written + 1 + BLOCK - LENGTH_AT) / BLOCK) * BLOCK;
  padded.fill(0, written, bytes);
  padded[written] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(bytes - 8, Math.floor(written / 2 ** 29));
  view.setUint32(bytes - 4, (written << 3) >>> 0);
  return bytes;
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function compress(hash: Int32Array, view: DataView, at: number): void {
  const w = schedule;
  for (let t = 0; t < 16; t++) w[t] = view.getInt32(at + 4 * t);
  for (let t = 16; t < BLOCK; t++) {
    const w15 = w[t - 15] ?? 0;
    const w2 = w[t - 2] ?? 0;
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    w[t] = ((w[t - 16] ?? 0) + s0 + (w[t - 7] ?? 0) + s1) | 0;
  }
  let a = hash[0] ?? 0;
  let b = hash[1] ?? 0;
  let c = hash[2] ?? 0;
  let d = hash[3] ?? 0;
  let e = hash[4] ?? 0;
  let f = hash[5] ?? 0;
  let g = hash[6] ?? 0;
  let h = hash[7] ?? 0;
  for (let t = 0; t < BLOCK; t++) {
    const e1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const one = (h + e1 + ((e & f) ^ (~e & g)) + (ROUNDS[t] ?? 0) + (w[t] ?? 0)) | 0;
    const a1 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const two = (a1 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  add(hash, 0, a);
  add(hash, 1, b);
  add(hash, 2, c);
  add(hash, 3, d);
  add(hash, 4, e);
  add(hash, 5, f);
  add(hash, 6, g);
  add(hash, 7, h);
}

function add(hash: Int32Array, n: number, word: number): void {
  hash[n] = ((hash[n] ?? 0) + word) | 0;
}
