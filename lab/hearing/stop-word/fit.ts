import { HIDDEN, INPUTS, logOdds, type Network } from '../../../adapters/spotter/word/network.ts';
import { Random } from '../../../testing/simulation/random.ts';

/** Examples of `INPUTS` numbers each. */
export interface Examples {
  readonly inputs: Float32Array;
  /** 1: the word was said. */
  readonly labels: Uint8Array;
}

const EPOCHS = 9;
/** Step sizes at the top of the ramp and at the end. */
const FASTEST = 4e-3;
const DECAY = 1e-2;
/** Share of the units that are left out of each example, so that none is relied upon. */
const DROPPED = 0.2;
/** A missed word counts as much as this number of false ones. */
const MISSED = 1;

/** Fits a network by Adam with decoupled decay (Loshchilov and Hutter, 2019), to inputs that it scales itself. */
export function fitNetwork(
  { inputs, labels }: Examples,
  seed: number,
  log: (text: string) => void,
  batchSize = 1_024,
): Network {
  const random = Random.named(seed, 'network');
  const { mean, deviation } = momentsOf(inputs);
  const scaled = inputs.map((value, i) => (value - (mean[i % INPUTS] ?? 0)) / (deviation[i % INPUTS] ?? 1));
  const input = new Float32Array(HIDDEN * INPUTS).map(() => (2 * random.next() - 1) * Math.sqrt(3 / INPUTS));
  const bias = new Float32Array(HIDDEN);
  const output = new Float32Array(HIDDEN).map(() => (2 * random.next() - 1) * Math.sqrt(3 / HIDDEN));
  const outputBias = new Float32Array(1);
  const parts = [input, bias, output, outputBias].map((values) => ({
    values,
    slope: new Float32Array(values.length),
    first: new Float32Array(values.length),
    second: new Float32Array(values.length),
  }));
  const [ofInput, ofBias, ofOutput, ofOutputBias] = parts.map(({ slope }) => slope) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const order = Uint32Array.from(labels, (_, i) => i);
  const steps = EPOCHS * Math.ceil(labels.length / batchSize);
  const hidden = new Float32Array(HIDDEN);
  const kept = 1 / (1 - DROPPED);
  for (let step = 0, epoch = 0; epoch < EPOCHS; epoch++) {
    shuffle(order, random);
    let loss = 0;
    for (let from = 0; from < order.length; from += batchSize, step++) {
      const batch = order.subarray(from, from + batchSize);
      for (const { slope } of parts) slope.fill(0);
      for (const example of batch) {
        const at = example * INPUTS;
        logOdds({ input, bias, output, outputBias: 0 }, scaled, at, hidden);
        let odds = outputBias[0] ?? 0;
        for (let h = 0; h < HIDDEN; h++) {
          hidden[h] = random.chance(DROPPED) ? 0 : (hidden[h] ?? 0) * kept;
          odds += (hidden[h] ?? 0) * (output[h] ?? 0);
        }
        const label = labels[example] ?? 0;
        const probability = 1 / (1 + Math.exp(-odds));
        const weight = label === 1 ? MISSED : 1;
        loss -= weight * Math.log(Math.max(1e-9, label === 1 ? probability : 1 - probability));
        const error = (weight * (probability - label)) / batch.length;
        ofOutputBias[0] = (ofOutputBias[0] ?? 0) + error;
        for (let h = 0; h < HIDDEN; h++) {
          const unit = hidden[h] ?? 0;
          if (unit === 0) continue;
          ofOutput[h] = (ofOutput[h] ?? 0) + error * unit;
          const back = error * (output[h] ?? 0) * kept;
          ofBias[h] = (ofBias[h] ?? 0) + back;
          const row = h * INPUTS;
          for (let i = 0; i < INPUTS; i++)
            ofInput[row + i] = (ofInput[row + i] ?? 0) + back * (scaled[at + i] ?? 0);
        }
      }
      const speed = FASTEST * ramp((step + 1) / steps);
      for (const part of parts) adam(part, speed, step + 1);
    }
    log(`epoch ${epoch + 1} of ${EPOCHS}: loss ${(loss / order.length).toFixed(4)}`);
  }
  return rescaled({ input, bias, output, outputBias: outputBias[0] ?? 0 }, mean, deviation);
}

/** Rises over the first third, then falls to nothing. */
function ramp(part: number): number {
  return part < 0.3 ? part / 0.3 : (1 + Math.cos((Math.PI * (part - 0.3)) / 0.7)) / 2;
}

interface Part {
  readonly values: Float32Array;
  readonly slope: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

function adam({ values, slope, first, second }: Part, speed: number, step: number): void {
  const [early, earlySquare] = [1 - 0.9 ** step, 1 - 0.999 ** step];
  for (let i = 0; i < values.length; i++) {
    const g = slope[i] ?? 0;
    const m = 0.9 * (first[i] ?? 0) + 0.1 * g;
    const v = 0.999 * (second[i] ?? 0) + 0.001 * g * g;
    first[i] = m;
    second[i] = v;
    const value = values[i] ?? 0;
    values[i] = value - speed * (m / early / (Math.sqrt(v / earlySquare) + 1e-8) + DECAY * value);
  }
}

function momentsOf(inputs: Float32Array): { readonly mean: Float64Array; readonly deviation: Float64Array } {
  const mean = new Float64Array(INPUTS);
  const square = new Float64Array(INPUTS);
  const count = inputs.length / INPUTS;
  for (let i = 0; i < inputs.length; i++) {
    const value = inputs[i] ?? 0;
    mean[i % INPUTS] = (mean[i % INPUTS] ?? 0) + value / count;
    square[i % INPUTS] = (square[i % INPUTS] ?? 0) + (value * value) / count;
  }
  const variance = square.map((one, i) => one - (mean[i] ?? 0) ** 2);
  // An input that never varies says nothing.
  return { mean, deviation: variance.map((one) => (one > 1e-6 ? Math.sqrt(one) : 1)) };
}

/** The same network for inputs that were not scaled. */
function rescaled(network: Network, mean: Float64Array, deviation: Float64Array): Network {
  const input = network.input.map((weight, i) => weight / (deviation[i % INPUTS] ?? 1));
  const bias = network.bias.map((value, h) => {
    let sum = value;
    for (let i = 0; i < INPUTS; i++) sum -= (input[h * INPUTS + i] ?? 0) * (mean[i] ?? 0);
    return sum;
  });
  return { ...network, input, bias };
}

function shuffle(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.int(0, i);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
}
