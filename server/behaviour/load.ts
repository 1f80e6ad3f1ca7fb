/** Reads the behaviour file of a server. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyStateMachine } from 'xstate';
import { z } from 'zod';
import { behaviourProgram } from '../../actors/behaviour/program.ts';
import type { Dialog } from '../../actors/dialog/mod.ts';
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Config } from '../config/schema.ts';
import { readYamlBehaviour } from './yaml/read.ts';

/** Enough of a chart of XState to read the rest: another copy of the library may have made it. */
const chart = z.custom<AnyStateMachine>(
  (value) =>
    typeof value === 'object' && value !== null && 'transition' in value && 'implementations' in value,
);
const module = z.object({ default: chart });
const tsx = z.object({
  tsImport: z.custom<(url: string, parent: string) => Promise<unknown>>((one) => typeof one === 'function'),
});
const tsxPackage = z.object({
  exports: z.object({ './esm/api': z.object({ import: z.object({ default: z.string() }) }) }),
});
const YAML = /\.ya?ml$/u;
/** Of Node, for a file whose ending it does not know. */
const UNKNOWN_ENDING = 'ERR_UNKNOWN_FILE_EXTENSION';

/**
 * Loads the behaviour in `path`, which may be JavaScript, TypeScript or YAML. Throws BEHAVIOUR_UNREADABLE or BEHAVIOUR_INVALID, with the
 * file and, if it is known, the line.
 */
export async function loadBehaviour(path: string, dialog?: Dialog): Promise<BehaviourProgram> {
  const file = resolve(path);
  if (!existsSync(file)) throw new ParleyError('BEHAVIOUR_UNREADABLE', path);
  const data = YAML.test(file)
    ? { default: readYamlBehaviour(file, path) }
    : module.safeParse(await imported(file, path)).data;
  if (!data) throw new ParleyError('BEHAVIOUR_INVALID', `${path}: its default export is not a chart`);
  try {
    return behaviourProgram(data.default, dialog);
  } catch (thrown) {
    if (!(thrown instanceof ParleyError)) throw thrown;
    const detail = thrown.message.replace(/^[^:]*: /u, '');
    throw new ParleyError(thrown.code, `${path}${lineOf(detail, file)}: ${detail}`, { cause: thrown });
  }
}

/** The behaviour that the configuration names, or that the dialog file has; undefined without one. */
export async function readBehaviour(
  { behaviour }: Pick<Config, 'behaviour'>,
  dialog: Dialog,
): Promise<BehaviourProgram | undefined> {
  const path = behaviour ?? dialog.behaviourFile;
  return path === undefined ? undefined : loadBehaviour(path, dialog);
}

async function imported(file: string, shown: string): Promise<unknown> {
  const url = pathToFileURL(file).href;
  try {
    return await import(url);
  } catch (cause) {
    if (codeOf(cause) !== UNKNOWN_ENDING) throw unreadable(cause, shown);
  }
  try {
    // Node before 22.18 does not read TypeScript; a project that has tsx does.
    const { tsImport } = tsx.parse(await import(tsxOf(file)));
    return await tsImport(url, url);
  } catch (cause) {
    throw unreadable(cause, shown);
  }
}

/** The address of the loader that is installed beside a file. */
function tsxOf(file: string): string {
  const described = createRequire(file).resolve('tsx/package.json');
  const { exports } = tsxPackage.parse(JSON.parse(readFileSync(described, 'utf8')));
  return new URL(exports['./esm/api'].import.default, pathToFileURL(described)).href;
}

function unreadable(cause: unknown, shown: string): ParleyError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new ParleyError('BEHAVIOUR_UNREADABLE', `${shown}: ${detail}`, { cause });
}

function codeOf(thrown: unknown): unknown {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
}

/** The line of the first name in quotes of a fault, if the file has it once. */
function lineOf(fault: string, file: string): string {
  const name = /"([^"]+)"/u.exec(fault)?.[1];
  if (name === undefined) return '';
  const lines = readFileSync(file, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes(`'${name}'`) || line.includes(`"${name}"`));
  return at < 0 ? '' : `:${at + 1}`;
}
