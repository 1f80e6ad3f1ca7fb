import { ParleyError } from '../../machines/errors.ts';
import type { Config } from '../config/schema.ts';

/** How bad a finding is: `problem` keeps the server from its work, `warning` may do so later. */
export type Verdict = 'ok' | 'warning' | 'problem';

/** What a check found. */
export interface Finding {
  readonly verdict: Verdict;
  readonly what: string;
  /** What to do about it; absent if all is well. */
  readonly todo?: string;
}

/** One question that `parley doctor` asks. A rejection is a problem: a `ParleyError` says what to do itself. */
export interface Check {
  readonly name: string;
  run(config: Config): Promise<Finding> | Finding;
}

export function ok(what: string): Finding {
  return { verdict: 'ok', what };
}

export function warning(what: string, todo: string): Finding {
  return { verdict: 'warning', what, todo };
}

export function problem(what: string, todo: string): Finding {
  return { verdict: 'problem', what, todo };
}

/** Runs a check; what it throws is a problem with the error's code. */
export async function finding(check: Check, config: Config): Promise<Finding> {
  try {
    return await check.run(config);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { verdict: 'problem', what: error instanceof ParleyError ? `${error.code}: ${what}` : what };
  }
}
