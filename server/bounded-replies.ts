import type { LlmEngine } from '../actors/ports/llm.ts';
import type { SessionDeps } from '../actors/session/session.ts';

type Engines = SessionDeps['engines'];

/**
 * Engines whose replies have at most `maxChars` UTF-16 units: a longer one ends there as if the engine had ended it, and the request
 * is closed. Without it a server that never stops fills the memory with text that takes hours to speak. `onCut` is called for each.
 */
export function boundedReplies(
  engines: Engines,
  maxChars: number,
  onCut: (session: string) => void,
): Engines {
  return {
    ...engines,
    llm: (scope) => boundedLlm(engines.llm(scope), maxChars, () => onCut(scope.session)),
  };
}

function boundedLlm(engine: LlmEngine, maxChars: number, onCut: () => void): LlmEngine {
  return {
    name: engine.name,
    async *reply(request, signal) {
      let left = maxChars;
      for await (const event of engine.reply(request, signal)) {
        if (event.type !== 'delta' || event.text.length <= left) {
          yield event;
          if (event.type === 'delta') left -= event.text.length;
          continue;
        }
        onCut();
        const text = beginning(event.text, left);
        if (text !== '') yield { type: 'delta', text };
        return;
      }
    },
    ...(engine.warm && { warm: () => engine.warm?.() ?? Promise.resolve() }),
    close: () => engine.close(),
  };
}

/** At most `length` units, without half a character, as a text of its own: a slice would keep all of the long text in memory. */
function beginning(text: string, length: number): string {
  const isHalf = /[\ud800-\udbff]$/u.test(text.slice(0, length));
  return Buffer.from(text.slice(0, isHalf ? length - 1 : length), 'utf16le').toString('utf16le');
}
