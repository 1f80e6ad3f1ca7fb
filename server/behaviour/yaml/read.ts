/** Reads `behaviour:` of a YAML file, which may be a dialog file too. */
import { readFileSync } from 'node:fs';
import type { AnyStateMachine } from 'xstate';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { ParleyError } from '../../../machines/errors.ts';
import { didYouMean } from '../../../machines/policies/did-you-mean.ts';
import { compileBehaviour, type Path } from './compile.ts';
import { behaviourFile, KEYS } from './schema.ts';

const KEY = 'behaviour';

/** Throws BEHAVIOUR_INVALID, with file, line and path of what is wrong. */
export function readYamlBehaviour(file: string, shown: string): AnyStateMachine {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines, prettyErrors: false });
  const invalid = (line: number, message: string, cause?: unknown): never => {
    throw new ParleyError('BEHAVIOUR_INVALID', `${shown}:${line}: ${message}`, { cause });
  };
  const [broken] = document.errors;
  if (broken) return invalid(lines.linePos(broken.pos[0]).line, broken.message, broken);
  const lineOf = (path: Path): number => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node: unknown = document.getIn([KEY, ...path.slice(0, length)], true);
      const start = startOf(node);
      if (start !== undefined) return lines.linePos(start).line;
    }
    return 1;
  };
  const fail = (path: Path, message: string): never =>
    invalid(lineOf(path), `${path.join('.') || KEY}: ${message}`);
  const whole: unknown = document.toJS({ maxAliasCount: 100 });
  const given = typeof whole === 'object' && whole !== null ? Reflect.get(whole, KEY) : undefined;
  if (given === undefined) return invalid(1, `it has no "${KEY}"`);
  const { data, error } = behaviourFile.safeParse(given);
  if (data) return compileBehaviour(data, fail);
  const { path, message } = deepest(error.issues);
  return fail(path, message);
}

interface Fault {
  readonly path: Path;
  readonly message: string;
}

/** Of several ways to read something, the problem of that which fits furthest. */
function deepest(issues: readonly z.core.$ZodIssue[], above: Path = []): Fault {
  const faults = issues.flatMap((issue): readonly Fault[] => {
    const path = [...above, ...issue.path.map(String)];
    if (issue.code === 'invalid_union' && issue.errors.length > 0)
      return issue.errors.map((one) => deepest(one, path));
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => {
      const near = didYouMean(key, KEYS);
      const hint = near === undefined ? '' : `; did you mean "${near}"?`;
      return { path: [...path, key], message: `unknown key "${key}"${hint}` };
    });
  });
  return faults.reduce((best, one) => (one.path.length > best.path.length ? one : best), {
    path: above,
    message: faults[0]?.message ?? 'not a behaviour',
  });
}

function startOf(node: unknown): number | undefined {
  const range: unknown = typeof node === 'object' && node !== null ? Reflect.get(node, 'range') : undefined;
  const start: unknown = Array.isArray(range) ? range[0] : undefined;
  return typeof start === 'number' ? start : undefined;
}
