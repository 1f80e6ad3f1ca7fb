import { describe, expect, it } from 'vitest';
import { fitNetwork } from '../../../lab/hearing/stop-word/fit.ts';
import { Random } from '../../../testing/simulation/random.ts';
import { HIDDEN, INPUTS, logOdds, packed, unpacked } from './network.ts';

/** Examples whose label is which of two inputs is larger. */
function comparisons(count: number, seed: number) {
  const random = new Random(seed);
  const inputs = new Float32Array(count * INPUTS);
  const labels = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < 4; i++) inputs[n * INPUTS + i] = 5 + 2 * (2 * random.next() - 1);
    labels[n] = (inputs[n * INPUTS] ?? 0) > (inputs[n * INPUTS + 1] ?? 0) ? 1 : 0;
  }
  return { inputs, labels };
}

describe('the network of a word', () => {
  it('learns what distinguishes two kinds of inputs, and keeps it in a byte a weight', () => {
    const network = unpacked(packed(fitNetwork(comparisons(600, 3), 1, () => {}, 32)));
    const { inputs, labels } = comparisons(1_000, 4);
    const right = labels.filter((label, n) => logOdds(network, inputs, n * INPUTS) > 0 === (label === 1));
    expect(right.length).toBeGreaterThan(900);
  });

  it('refuses weights of another size', () => {
    const small = { input: '', scale: [], bias: [], output: [], outputBias: 0 };
    expect(() => unpacked(small)).toThrow('a network of 0 weights');
  });

  it('is a layer of rectified units', () => {
    const network = {
      input: new Float32Array(HIDDEN * INPUTS),
      bias: new Float32Array(HIDDEN),
      output: new Float32Array(HIDDEN).fill(1),
      outputBias: 0.5,
    };
    network.input[0] = 2;
    network.input[INPUTS] = -2;
    const input = new Float32Array(INPUTS);
    input[0] = 3;
    expect(logOdds(network, input)).toBe(6.5);
  });
});
