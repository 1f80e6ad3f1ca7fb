/** Level a: a path on the kernel alone. */
import { isDeepStrictEqual } from 'node:util';
import { canonicalJson } from '../../machines/json.ts';
import { SessionKernel, type Step } from '../../machines/kernel.ts';
import { sessionValue } from '../../machines/session/regions.ts';
import type { ModelPath } from './explore.ts';
import type { SessionModel, SessionModelEvent, SessionModelState } from './session-model.ts';

export type SessionPath = ModelPath<SessionModelState, SessionModelEvent>;

/** Runs a path on a fresh kernel and returns its steps; throws where the kernel departs from the model. */
export function runOnKernel(model: SessionModel, path: SessionPath): Step[] {
  const kernel = new SessionKernel(model.parameters, model.input);
  const steps: Step[] = [kernel.initial];
  path.steps.forEach(({ state }, index) => {
    for (const { event, source, atMs } of state.happenings) {
      const due = source === 'timer' ? kernel.popTimer(atMs) : undefined;
      if (source === 'timer' && due?.event.type !== event.type)
        throw parted(path, index, 'the delay that runs out', event.type, due?.event.type);
      steps.push(kernel.step(event, atMs));
    }
    compare(path, index, state, kernel);
  });
  return steps;
}

/** Checks that a kernel is where the model expects it. */
export function compare(
  path: SessionPath,
  index: number,
  expected: SessionModelState,
  kernel: SessionKernel,
): void {
  const { snapshot, timers } = expected;
  const value = sessionValue(kernel.value, kernel.regions);
  if (!isDeepStrictEqual(value, snapshot.value))
    throw parted(path, index, 'the state', snapshot.value, value);
  // The model's time advances without events, the kernel's does not.
  const context = { ...snapshot.context, nowMs: kernel.context.nowMs };
  if (!isDeepStrictEqual(kernel.context, context))
    throw parted(path, index, 'the context', context, kernel.context);
  if (!kernel.ended && kernel.nextTimerAtMs() !== timers[0]?.dueMs)
    throw parted(path, index, 'the next delay', timers[0]?.dueMs, kernel.nextTimerAtMs());
}

/** The events of a path up to a step, readable and repeatable. */
export function describePath({ steps }: SessionPath, index = steps.length - 1): string {
  return steps
    .slice(0, index + 1)
    .map(({ event }) => event.type)
    .join(' → ');
}

function parted(path: SessionPath, index: number, what: string, expected: unknown, actual: unknown): Error {
  return new Error(
    `${what} differs from the model's after: ${describePath(path, index)}\n` +
      `expected ${canonicalJson(expected)}\nactual   ${canonicalJson(actual)}`,
  );
}
