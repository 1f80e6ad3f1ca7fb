/** One rule of the protocol, and how to see whether the other side keeps it. */
export interface Check<Subject> {
  /** Stable, for `--only` and for programs. */
  readonly name: string;
  /** The rule, as a sentence about the side under test. */
  readonly rule: string;
  /** Heading of docs/reference/protocol.md. */
  readonly section: string;
  /** Throws `Mismatch` if the rule is broken, `NotChecked` if it cannot be seen here. */
  run(subject: Subject): Promise<void>;
}

/** What the other side did against the protocol. The message says what was expected and what came. */
export class Mismatch extends Error {}

/** Why a check says nothing about the other side. */
export class NotChecked extends Error {}

export interface Outcome {
  readonly name: string;
  readonly rule: string;
  readonly section: string;
  readonly result: 'passed' | 'failed' | 'not checked';
  /** Why it failed or was not checked. */
  readonly reason?: string;
  readonly ms: number;
}

export interface RunOptions<Subject> {
  readonly checks: readonly Check<Subject>[];
  /** What a check is run on; `close` releases it. Faults seen during the check make it fail. */
  readonly open: (check: Check<Subject>) => Promise<{
    readonly subject: Subject;
    faults(): readonly string[];
    close(): Promise<void>;
  }>;
  /** Checks that run at the same time. */
  readonly jobs: number;
  readonly onStart?: (check: Check<Subject>) => void;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** Runs the checks; resolves with their outcomes in the order of the list. */
export async function runChecks<Subject>(options: RunOptions<Subject>): Promise<readonly Outcome[]> {
  const { checks, onStart, onOutcome } = options;
  const outcomes: Outcome[] = [];
  const waiting = [...checks.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [at, check] = next;
      onStart?.(check);
      const outcome = await runCheck(check, options.open);
      outcomes[at] = outcome;
      onOutcome?.(outcome);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return outcomes;
}

async function runCheck<Subject>(check: Check<Subject>, open: RunOptions<Subject>['open']): Promise<Outcome> {
  const { name, rule, section } = check;
  const startMs = performance.now();
  const outcome = (result: Outcome['result'], reason?: string): Outcome => {
    const ms = Math.round(performance.now() - startMs);
    return { name, rule, section, result, ...(reason !== undefined && { reason }), ms };
  };
  const opened = await open(check);
  try {
    await check.run(opened.subject);
    const [fault] = opened.faults();
    return fault === undefined ? outcome('passed') : outcome('failed', fault);
  } catch (error) {
    if (error instanceof NotChecked) return outcome('not checked', error.message);
    if (!(error instanceof Mismatch)) throw error;
    // What was seen first is the cause.
    return outcome('failed', [...opened.faults().slice(0, 1), error.message].join('; then '));
  } finally {
    await opened.close();
  }
}
