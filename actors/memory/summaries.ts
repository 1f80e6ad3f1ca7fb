import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import { replyLanguage } from '../../machines/session/language/language.ts';
import type { Message, SessionContext, SummaryEvent } from '../../machines/session/model.ts';
import { tokensOf } from '../../machines/session/turn/history.ts';
import type { RpcScope } from '../engine-rpc/mod.ts';
import type { LlmEngine } from '../ports/llm.ts';

/** Time limit of the language engine, ms. */
const TIMEOUT_MS = 30_000;
/** A history is also long from this share of its messages on: before any of them is dropped. */
const DUE_SHARE = 0.8;
/** After a failure no summary is asked for this long, ms. */
const AGAIN_MS = 60_000;
/** Share of the history that is summarised; the newest turns stay as they were said. */
const SHARE = 0.6;
/** Generation of these requests: a later one than that of any reply, so that no interruption cancels them. */
const BESIDE = 0xffff_ffff;
/** Maximum length of a summary, in UTF-16 units: some 500 tokens. */
const MAX_CHARS = 2_000;
/** A fallback engine that cannot summarise, such as a dialog, does not begin like this. */
const PREFIX = 'SUMMARY:';
const INSTRUCTIONS = 'You summarise conversations for the assistant that continues them.';
const REQUEST = `Summarise this conversation between a user and an assistant in at most 120 words and in its own language.
Keep names, facts about the user, wishes, decisions and what is still open. Begin with "${PREFIX}" and write nothing but the summary.`;

export interface SummariesDeps {
  readonly session: string;
  readonly llm: (scope: RpcScope) => LlmEngine;
  readonly clock: Clock;
  readonly parameters: Pick<SessionParameters, 'history'>;
  readonly context: () => SessionContext;
  readonly emit: (event: SummaryEvent) => void;
  /** A summary failed; the history stays, and is trimmed when it is too long. */
  readonly onProblem: (error: Error) => void;
}

/**
 * Has the language engine summarise the oldest turns of a long history, in the background. The summary takes their
 * place between two replies. At most one request at a time.
 */
export class Summaries {
  readonly #deps: SummariesDeps;
  readonly #over = new AbortController();
  #running = false;
  #againAtMs = 0;
  /** Waits for the end of the reply in progress. */
  #ready: SummaryEvent | undefined;

  constructor(deps: SummariesDeps) {
    this.#deps = deps;
  }

  /** Called when a reply has ended, after its step. */
  replyEnded(): void {
    if (this.#over.signal.aborted) return;
    if (this.#ready) this.#put(this.#ready);
    else if (!this.#running && this.#deps.clock.nowMs() >= this.#againAtMs) this.#begin();
  }

  close(): void {
    this.#over.abort();
  }

  #begin(): void {
    const context = this.#deps.context();
    const { history } = context;
    const count = oldest(history, this.#deps.parameters.history);
    if (count === 0) return;
    this.#running = true;
    const old = history.slice(0, count);
    this.#ask(old, replyLanguage(context))
      .then((text) => {
        this.#put({ type: 'summary', text, count, last: old.at(-1)?.content ?? '' });
      })
      .catch((cause) => {
        if (this.#over.signal.aborted) return;
        this.#againAtMs = this.#deps.clock.nowMs() + AGAIN_MS;
        const reason = cause instanceof Error ? cause.message : String(cause);
        this.#deps.onProblem(new ParleyError('LLM_FAILED', `no summary: ${reason}`, { cause }));
      })
      .finally(() => {
        this.#running = false;
      });
  }

  #put(event: SummaryEvent): void {
    if (this.#over.signal.aborted) return;
    const replying = this.#deps.context().reply !== null;
    this.#ready = replying ? event : undefined;
    if (!replying) this.#deps.emit(event);
  }

  async #ask(old: readonly Message[], language: string): Promise<string> {
    const late = new AbortController();
    const timer = this.#deps.clock.setTimer(TIMEOUT_MS, () => late.abort(new ParleyError('LLM_TIMEOUT')));
    const said = old.map(({ role, content }) => `${role}: ${content}`).join('\n');
    const request = {
      messages: [{ role: 'user' as const, content: `${said}\n\n${REQUEST}` }],
      ...{ language, seed: 0, stream: false, systemPrompt: INSTRUCTIONS, toolChoice: 'none' as const },
    };
    let text = '';
    try {
      const signal = AbortSignal.any([this.#over.signal, late.signal]);
      const { session, llm } = this.#deps;
      for await (const event of llm({ session, generation: BESIDE }).reply(request, signal)) {
        if (event.type === 'delta') text += event.text;
        if (text.length > 4 * MAX_CHARS) break;
      }
    } finally {
      timer.cancel();
    }
    const [before, summary = ''] = text.split(PREFIX, 2);
    if (before?.trim() !== '' || summary.trim() === '') throw new TypeError('the answer is not one');
    return summary.trim().slice(0, MAX_CHARS);
  }
}

/** Number of the oldest messages to summarise: whole turns. 0: the history is short, or is never summarised. */
function oldest(
  history: readonly Message[],
  {
    maxMessages,
    summaryTokens = 0,
  }: Partial<SessionParameters['history']> & { readonly maxMessages: number },
): number {
  const total = history.reduce((sum, message) => sum + tokensOf(message), 0);
  const long = total >= summaryTokens || history.length >= DUE_SHARE * maxMessages;
  if (summaryTokens === 0 || !long) return 0;
  let tokens = 0;
  let count = 0;
  for (const [index, message] of history.entries()) {
    if (message.role === 'user') count = index;
    tokens += tokensOf(message);
    if (tokens > SHARE * total || index > SHARE * history.length) break;
  }
  // One turn, or only an earlier summary, is not worth it.
  return history.slice(0, count).filter(({ role }) => role === 'user').length > 1 ? count : 0;
}
