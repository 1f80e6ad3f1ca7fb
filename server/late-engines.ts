import { pause } from '../actors/cancellation.ts';
import type { Clock } from '../machines/clock.ts';
import { ParleyError } from '../machines/errors.ts';
import type { HealthSource } from './door/readiness.ts';
import type { Logger } from './log.ts';

/** Time between two attempts to reach an engine that is not there, ms. */
const AGAIN_MS = 2_000;

interface Warmed {
  readonly name: string;
  warm?(): Promise<void>;
}

interface LateEngineParts {
  readonly clock: Pick<Clock, 'setTimer'>;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  readonly readiness: { add(source: HealthSource): void };
  /** Aborts when the server closes. */
  readonly signal: AbortSignal;
}

/**
 * Warms an engine. A server on the network that cannot be reached does not stop Parley: `/readyz` names it until it is there. Rejects
 * with every other error.
 */
export async function warmWhenThere(engine: Warmed | undefined, parts: LateEngineParts): Promise<void> {
  const missing = await attempt(engine);
  if (!engine || !missing) return;
  const { readiness, log } = parts;
  let reason: string | undefined = `${engine.name}: ${missing.message}`;
  readiness.add(() => (reason === undefined ? [] : [reason]));
  log.warn(
    { engine: engine.name, err: missing },
    'an engine is not there yet; Parley starts and keeps trying',
  );
  void again(engine, parts).then(
    () => {
      reason = undefined;
      log.info({ engine: engine.name }, 'the engine is there');
    },
    (error) => {
      if (parts.signal.aborted) return;
      reason = `${engine.name}: ${error instanceof Error ? error.message : String(error)}`;
      log.warn({ engine: engine.name, err: error }, 'the engine cannot be used');
    },
  );
}

async function again(engine: Warmed, { clock, signal }: LateEngineParts): Promise<void> {
  do await pause(clock, AGAIN_MS, signal);
  while (await attempt(engine));
}

/** The error of an engine that is not there; undefined once it is warm. */
async function attempt(engine: Warmed | undefined): Promise<ParleyError | undefined> {
  try {
    await engine?.warm?.();
    return undefined;
  } catch (error) {
    if (error instanceof ParleyError && error.code === 'ENGINE_UNREACHABLE') return error;
    throw error;
  }
}
