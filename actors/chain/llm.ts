import { ParleyError } from '../../machines/errors.ts';
import type { LlmEngine, LlmEvent } from '../ports/llm.ts';
import { asParleyError, type Open, stallLimit } from './attempt.ts';
import { Chain, type MemberHealth } from './chain.ts';
import { firstToAnswer } from './contest.ts';
import type { ChainOptions } from './options.ts';

export interface LlmChainOptions extends ChainOptions {
  /**
   * What becomes of a reply whose engine fails after part of its text was given, which cannot be taken back: `fail`
   * passes the error on, `end` ends the text where it is, as if it were complete. Default `fail`.
   */
  readonly brokenReply?: 'fail' | 'end';
}

/** What a chain offers besides the port of its kind. */
export interface ReportsHealth {
  health(): readonly MemberHealth[];
}

/**
 * Several language engines as one: the first that begins to answer gives the reply. Engines are changed only
 * before the first text or action; after it see `brokenReply`. Throws CONFIG_INVALID.
 */
export function chainLlm(engines: readonly LlmEngine[], options: LlmChainOptions): LlmEngine & ReportsHealth {
  const chain = new Chain('llm', engines, options);
  return {
    name: chain.name,
    health: () => chain.health,
    warm: () => chain.warm(),
    close: () => chain.close(),
    async *reply(request, signal) {
      if (signal.aborted) throw new ParleyError('CANCELLED', undefined, { cause: signal.reason });
      const open: Open<LlmEngine, LlmEvent> = (engine, aborted, whole) =>
        engine.reply(whole ? { ...request, stream: false } : request, aborted);
      const order = chain.order();
      chain.probe(order, open, tells);
      const { attempt, events, ended } = await firstToAnswer(chain, {
        order,
        open,
        answers: tells,
        missing: () => undefined,
        signal,
      });
      // Nobody else can go on with it, so how long it may pause is for whoever asked to say.
      const limit = options.brokenReply === 'end' ? stallLimit(options) : undefined;
      try {
        yield* events;
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

/** An empty delta says nothing yet. */
function tells(event: LlmEvent): boolean {
  return event.type !== 'delta' || event.text !== '';
}
