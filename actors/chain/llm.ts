import { throwIfAborted } from '../cancellation.ts';
import type { LlmEngine, LlmEvent } from '../ports/llm.ts';
import { asParleyError, type Open, stallLimit } from './attempt.ts';
import { Chain, type MemberHealth } from './chain.ts';
import { firstToAnswer, type Winner } from './contest.ts';
import type { ChainOptions } from './options.ts';

export interface LlmChainOptions extends ChainOptions {
  /**
   * What happens to a reply whose engine fails after part of its text was passed on. That text cannot be taken back.
   * `fail` passes the error on; `end` ends the text there, as if it were complete. Default `fail`.
   */
  readonly brokenReply?: 'fail' | 'end';
}

/** What a chain offers beyond the port of its kind. */
export interface ReportsHealth {
  health(): readonly MemberHealth[];
}

/**
 * Returns several language engines as one: the first that begins to answer gives the reply. It changes engines only
 * before the first text or action; afterwards `brokenReply` applies. Throws CONFIG_INVALID.
 */
export function chainLlm(engines: readonly LlmEngine[], options: LlmChainOptions): LlmEngine & ReportsHealth {
  const chain = new Chain('llm', engines, options);
  return {
    name: chain.name,
    health: () => chain.health,
    warm: () => chain.warm(),
    close: () => chain.close(),
    async *reply(request, signal) {
      throwIfAborted(signal);
      const open: Open<LlmEngine, LlmEvent> = (engine, aborted, whole) =>
        engine.reply(whole ? { ...request, stream: false } : request, aborted);
      const order = chain.order();
      chain.probe(order, open, hasContent);
      const { attempt, events, ended } = yield* untilAnswered(signal, (alive, either) =>
        firstToAnswer(chain, {
          ...{ order, open, alive, signal: either },
          answers: hasContent,
          missing: () => undefined,
        }),
      );
      // No other engine can continue the answer, so the caller decides how long it may pause.
      const limit = options.brokenReply === 'end' ? stallLimit(options) : undefined;
      try {
        // The empty ones have been passed on.
        yield* events.filter(hasContent);
        for (let more = !ended; more; ) {
          const { done, value } = await attempt.next(limit);
          if (done) more = false;
          else yield value;
        }
        attempt.succeed();
      } catch (thrown) {
        const error = asParleyError(thrown, 'LLM_FAILED');
        attempt.fail(error);
        if (options.brokenReply !== 'end' || signal.aborted || chain.closed) throw error;
      } finally {
        attempt.abandon();
      }
    },
  };
}

/**
 * Yields an empty delta whenever an engine shows that it works, until the contest is over: the session's own deadline
 * is for engines that do nothing. A caller that stops reading ends the contest.
 */
async function* untilAnswered(
  signal: AbortSignal,
  begin: (alive: () => void, signal: AbortSignal) => Promise<Winner<LlmEngine, LlmEvent>>,
): AsyncGenerator<LlmEvent, Winner<LlmEngine, LlmEvent>, void> {
  const left = new AbortController();
  let signs = 0;
  let wake = () => {};
  const contest = begin(
    () => {
      signs++;
      wake();
    },
    AbortSignal.any([signal, left.signal]),
  );
  const over = contest.then(
    () => true,
    () => true,
  );
  let isOver = false;
  try {
    for (;;) {
      const sign = new Promise<boolean>((resolve) => {
        wake = () => resolve(false);
        if (signs > 0) wake();
      });
      isOver = await Promise.race([over, sign]);
      if (isOver) return await contest;
      signs = 0;
      yield { type: 'delta', text: '' };
    }
  } finally {
    if (!isOver) left.abort();
  }
}

/** An empty delta is not part of an answer yet. */
function hasContent(event: LlmEvent): boolean {
  return event.type !== 'delta' || event.text !== '';
}
