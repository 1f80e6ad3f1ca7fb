import { DIMENSIONS } from './embedding.ts';

/** Windows that are looked at together: the newest and those 160 and 320 ms before it. */
export const LOOKS = 3;
/** Windows of 40 ms from one of them to the next. */
export const LOOK_STEP = 4;
export const INPUTS = LOOKS * DIMENSIONS;
export const HIDDEN = 32;

/** A layer of rectified linear units and one output. Of unit `h`, the weights of its inputs begin at `h * INPUTS`. */
export interface Network {
  readonly input: Float32Array;
  readonly bias: Float32Array;
  readonly output: Float32Array;
  readonly outputBias: number;
}

/** A network with its weights in bytes: base64 of one Int8Array for the inputs, and what a byte of each unit is worth. */
export interface PackedNetwork {
  readonly input: string;
  readonly scale: readonly number[];
  readonly bias: readonly number[];
  readonly output: readonly number[];
  readonly outputBias: number;
}

export function unpacked({ input, scale, bias, output, outputBias }: PackedNetwork): Network {
  const bytes = new Int8Array(Buffer.from(input, 'base64'));
  if (bytes.length !== HIDDEN * INPUTS) throw new Error(`a network of ${bytes.length} weights`);
  return {
    input: Float32Array.from(bytes, (byte, i) => byte * (scale[Math.floor(i / INPUTS)] ?? 0)),
    bias: Float32Array.from(bias),
    output: Float32Array.from(output),
    outputBias,
  };
}

export function packed({ input, bias, output, outputBias }: Network): PackedNetwork {
  const scale = Array.from(bias, (_, h) => {
    const most = input
      .subarray(h * INPUTS, (h + 1) * INPUTS)
      .reduce((max, one) => Math.max(max, Math.abs(one)), 0);
    return rounded(most / 127) || 1e-6;
  });
  const bytes = Int8Array.from(input, (one, i) =>
    Math.max(-127, Math.min(127, Math.round(one / (scale[Math.floor(i / INPUTS)] ?? 1)))),
  );
  return {
    input: Buffer.from(bytes.buffer).toString('base64'),
    ...{ scale, bias: Array.from(bias, rounded), output: Array.from(output, rounded) },
    outputBias: rounded(outputBias),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

/** Log odds. `hidden` receives the units, if it is given. */
export function logOdds(
  { input, bias, output, outputBias }: Network,
  from: Float32Array,
  at = 0,
  hidden?: Float32Array,
): number {
  let odds = outputBias;
  for (let h = 0; h < HIDDEN; h++) {
    let sum = bias[h] ?? 0;
    const row = h * INPUTS;
    for (let i = 0; i < INPUTS; i++) sum += (input[row + i] ?? 0) * (from[at + i] ?? 0);
    const unit = Math.max(0, sum);
    if (hidden) hidden[h] = unit;
    odds += unit * (output[h] ?? 0);
  }
  return odds;
}
