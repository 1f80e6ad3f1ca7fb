import { parseArgs } from 'node:util';
import type { BenchOptions } from './benchmarks/benchmark.ts';

export interface CommandLine extends BenchOptions {
  readonly json: string | undefined;
  readonly only: readonly string[] | undefined;
  /** Folder of charts and tables. */
  readonly out: string | undefined;
}

const SIZES = [1, 10, 50, 100, 200];
const QUICK_SIZES = [1, 10];

export const USAGE = `npm run bench -- [--json FILE] [--only NAME[,NAME]] [--quick] [--bus in-process|nats|both]
                  [--sessions N[,N]] [--out FOLDER] [--profile FOLDER] [--echo-unknown]
                  [--beside FOLDER] [--rounds N]`;

/** Parses the command line. Throws an Error with the problem. */
export function commandLine(args: readonly string[], names: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      bus: { type: 'string' },
      sessions: { type: 'string' },
      out: { type: 'string' },
      profile: { type: 'string' },
      'echo-unknown': { type: 'boolean', default: false },
      beside: { type: 'string' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const { quick } = values;
  const only = values.only?.split(',');
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`unknown benchmark ${unknown}; known: ${names.join(', ')}`);
  const sizes = values.sessions?.split(',').map(Number);
  if (sizes?.some((size) => !Number.isInteger(size) || size < 1))
    throw new Error(`--sessions takes whole numbers: ${values.sessions}`);
  const rounds = quick ? 1 : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds takes a whole number: ${values.rounds}`);
  return {
    quick,
    buses: buses(values.bus ?? (quick ? 'in-process' : 'both')),
    sessions: sizes ?? (quick ? QUICK_SIZES : SIZES),
    profile: values.profile,
    echoUnknown: values['echo-unknown'],
    beside: values.beside,
    rounds,
    json: values.json,
    only,
    out: values.out,
  };
}

function buses(text: string): BenchOptions['buses'] {
  if (text === 'both') return ['in-process', 'nats'];
  if (text === 'in-process' || text === 'nats') return [text];
  throw new Error(`--bus takes in-process, nats or both: ${text}`);
}
