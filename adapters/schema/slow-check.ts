/** Checks that may take long, in a thread of their own: patterns can backtrack for hours, and references can double. */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { SchemaVerdict } from '../../actors/ports/schema-check.ts';
import type { JsonObject } from '../../machines/json.ts';

/** Time for one check, ms: a thousand times what real tools need, so that a busy machine refuses nothing. */
const LIMIT_MS = 1_000;
/** Errors of one check that the thread reports. */
const MAX_ERRORS = 50;

/** Objects get no prototype: the validator would find what they inherit. */
const CODE = `
const { parentPort, workerData } = require('node:worker_threads');
const { Validator } = require(workerData);
const bare = (_key, value) =>
  value && typeof value === 'object' && !Array.isArray(value) ? Object.assign(Object.create(null), value) : value;
parentPort.on('message', ({ schema, args }) => {
  let verdict = { valid: false, errors: [] };
  try {
    verdict = new Validator(JSON.parse(schema), '2020-12', false).validate(JSON.parse(args, bare));
    verdict.errors = verdict.errors.slice(0, ${MAX_ERRORS});
  } catch (error) {
    verdict = { failure: String(error) };
  }
  parentPort.postMessage(verdict);
});
parentPort.postMessage('ready');
`;

const unit = z.object({
  ...{ keyword: z.string(), keywordLocation: z.string(), instanceLocation: z.string(), error: z.string() },
});
const verdict = z.union([
  z.object({ valid: z.boolean(), errors: z.array(unit) }),
  z.object({ failure: z.string() }),
]);

let thread: Worker | undefined;
/** Checks are done one after another. */
let last: Promise<unknown> = Promise.resolve();

/** Rejects if the check takes more than a second, or fails. */
export function slowCheck(schema: JsonObject, args: JsonObject): Promise<SchemaVerdict> {
  const request = { schema: JSON.stringify(schema), args: JSON.stringify(args) };
  const check = last.then(() => checked(request));
  last = check.catch(() => {});
  return check;
}

async function checked(request: { readonly schema: string; readonly args: string }): Promise<SchemaVerdict> {
  thread ??= await started();
  const worker = thread;
  try {
    worker.ref();
    const answer = verdict.parse(await answerOf(worker, () => worker.postMessage(request), LIMIT_MS));
    if ('failure' in answer) throw new Error(answer.failure);
    return answer;
  } catch (error) {
    thread = undefined;
    await worker.terminate();
    throw error;
  } finally {
    worker.unref();
  }
}

async function started(): Promise<Worker> {
  const validator = createRequire(import.meta.url).resolve('@cfworker/json-schema');
  const worker = new Worker(CODE, { eval: true, workerData: validator, execArgv: [] });
  await answerOf(worker, () => {});
  worker.on('exit', () => {
    if (thread === worker) thread = undefined;
  });
  return worker;
}

/** The next message of the thread after `ask`. */
function answerOf(worker: Worker, ask: () => void, limitMs?: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const ends = new AbortController();
  const answer = new Promise<unknown>((resolve, reject) => {
    const onExit = () => reject(new Error('the thread ended'));
    worker.once('message', resolve).once('error', reject).once('exit', onExit);
    ends.signal.addEventListener('abort', () =>
      worker.off('message', resolve).off('error', reject).off('exit', onExit),
    );
    if (limitMs !== undefined)
      timer = setTimeout(() => reject(new Error(`more than ${limitMs} ms`)), limitMs);
    ask();
  });
  return answer.finally(() => {
    clearTimeout(timer);
    ends.abort();
  });
}
