import type { SessionInput } from '../../machines/session/model.ts';
import type { Attention, Modality } from '../../machines/wire.ts';
import { Random } from './random.ts';

/** How a simulated session differs from others. */
export interface SimulatedOptions {
  readonly attention: Attention;
  /** What its client sends. */
  readonly hears: Modality;
  readonly output: Modality;
  readonly outputRate: number;
  /** Its engines are reached over the engine protocol; others are called directly. */
  readonly viaBus: boolean;
  readonly remembers: boolean;
  /** Its client reports results of actions. */
  readonly results: boolean;
  /** It has a speech-to-speech model. */
  readonly speaks: boolean;
  /** Its server has tools. */
  readonly calls: boolean;
  /** It has several servers. */
  readonly clustered: boolean;
  readonly input: SessionInput;
}

/** All of it follows from the seed and the session's name. `chains`: its engines are chains, which are judged by which of them answer. */
export function simulatedOptions(seed: number, id: string, user: string, chains: boolean): SimulatedOptions {
  const draw = (what: string) => Random.named(seed, `${what} ${id}`);
  const first = draw('session');
  const session = first.int(0, 2 ** 31);
  const outputRate = first.chance(0.5) ? 24_000 : 16_000;
  const remembers = first.chance(0.5);
  const viaBus = first.chance(0.6);
  const second = draw('manners');
  const output: Modality = second.chance(0.15) ? 'text' : 'audio';
  const hears: Modality = second.chance(output === 'text' ? 0.5 : 0.05) ? 'text' : 'audio';
  const results = second.chance(0.4);
  const speaks = !chains && draw('speech').chance(0.3);
  const calls = !speaks && draw('tools').chance(0.4);
  const attention = second.weighted<Attention>({ always: 14, wake: 4, addressed: 2, push: 1 });
  const known = remembers && draw('user').chance(0.5);
  return {
    ...{ attention, hears, output, outputRate, viaBus, remembers, results, speaks, calls },
    clustered: draw('cluster').chance(0.5),
    input: {
      ...(known && { user }),
      ...{ session: id, language: 'en', outputRate, seed: session, memory: remembers },
      ...(output === 'text' && { output }),
      ...(results && { results }),
      ...(attention !== 'always' && { attention }),
    },
  };
}
