import type { EngineClients } from '../actors/engine-rpc/mod.ts';
import type { EngineKind } from '../actors/subjects.ts';
import { ParleyError } from '../machines/errors.ts';

export interface EngineLoadOptions {
  /** Monotonic, in ms. */
  readonly nowMs: () => number;
  /** Requests of a kind that may wait for their first answer. */
  readonly maxWaiting: number;
  /** How long the oldest may wait while `FEW` or more wait. */
  readonly maxWaitMs: Readonly<Record<EngineKind, number>>;
}

/** One request that waits long is an engine failure, which its chain handles; this many are overload. */
const FEW = 8;

/** Watches all sessions' waiting engine requests: from the request to the first answer, or for STT from the end of the utterance to the result. When too many wait, or several wait too long, the engines are overloaded.
 */
export class EngineLoad {
  readonly #options: EngineLoadOptions;
  /** Start time of each waiting request, oldest first. */
  readonly #waiting: Readonly<Record<EngineKind, Map<object, number>>> = {
    stt: new Map(),
    llm: new Map(),
    tts: new Map(),
  };

  constructor(options: EngineLoadOptions) {
    this.#options = options;
  }

  /** A gate of the door. */
  refusal(): ParleyError | undefined {
    const { nowMs, maxWaiting, maxWaitMs } = this.#options;
    for (const kind of ['stt', 'llm', 'tts'] as const) {
      const waiting = this.#waiting[kind];
      const [sinceMs = Number.POSITIVE_INFINITY] = waiting.values();
      const waitMs = Math.round(nowMs() - sinceMs);
      if (waiting.size >= maxWaiting || (waiting.size >= FEW && waitMs > maxWaitMs[kind]))
        return new ParleyError('OVERLOADED', `${waiting.size} requests wait for ${kind}, up to ${waitMs} ms`);
    }
    return undefined;
  }

  /** `clients`, watched. `admit` is called before an utterance is recognised, because a spoken turn begins there: a turn refused there fails at once and does not slow the replies already running.
   */
  watch(clients: EngineClients, admit: (session: string) => ParleyError | undefined): EngineClients {
    return {
      stt: (scope) => {
        const engine = clients.stt(scope);
        return {
          ...engine,
          transcribe: (audio, request, signal) => {
            const refused = admit(scope.session);
            if (refused) throw refused;
            const wait = this.#wait('stt');
            return watched(engine.transcribe(watched(audio, { onEnd: wait.begin }), request, signal), {
              onEnd: wait.end,
            });
          },
        };
      },
      llm: (scope) => {
        const engine = clients.llm(scope);
        return {
          ...engine,
          reply: (request, signal) => this.#untilFirst('llm', engine.reply(request, signal)),
        };
      },
      tts: (scope) => {
        const engine = clients.tts(scope);
        return {
          ...engine,
          synthesize: (request, signal) => this.#untilFirst('tts', engine.synthesize(request, signal)),
        };
      },
    };
  }

  #untilFirst<Event>(kind: EngineKind, events: AsyncIterable<Event>): AsyncIterable<Event> {
    const { begin, end } = this.#wait(kind);
    return watched(events, { onStart: begin, onFirst: end, onEnd: end });
  }

  #wait(kind: EngineKind): { begin(): void; end(): void } {
    const one = {};
    let over = false;
    return {
      begin: () => {
        if (!over) this.#waiting[kind].set(one, this.#options.nowMs());
      },
      end: () => {
        over = true;
        this.#waiting[kind].delete(one);
      },
    };
  }
}

interface Watcher {
  readonly onStart?: () => void;
  readonly onFirst?: () => void;
  /** Called once, however the request ends. */
  readonly onEnd: () => void;
}

/** `source`, with callbacks at its start, its first item and its end. Later items pass without extra work. */
function watched<Item>(
  source: AsyncIterable<Item>,
  { onStart, onFirst, onEnd }: Watcher,
): AsyncIterable<Item> {
  return {
    [Symbol.asyncIterator]() {
      const inner = source[Symbol.asyncIterator]();
      let watching = true;
      onStart?.();
      return {
        next() {
          const next = inner.next();
          if (watching)
            next.then(({ done }) => {
              if (done) onEnd();
              else if (onFirst) {
                watching = false;
                onFirst();
              }
            }, onEnd);
          return next;
        },
        return(value) {
          onEnd();
          return inner.return?.(value) ?? Promise.resolve({ done: true, value });
        },
      };
    },
  };
}
