import { ParleyError } from '../../machines/errors.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import { type ReadingParameters, readAloud, writtenWords } from '../../machines/policies/reading/mod.ts';
import { cutSegments } from '../../machines/policies/segmenter.ts';
import type { ChildInputs } from '../../machines/session/commands.ts';
import { together } from '../../machines/session/memory/known.ts';
import { withFacts } from '../../machines/session/turn/history.ts';
import { type ChildLogic, childLogic } from '../child.ts';
import type { SessionMemory } from '../memory/session-memory.ts';
import type { Economy } from '../ports/economy.ts';
import type { LlmEngine, LlmEvent } from '../ports/llm.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../ports/tts.ts';
import { Tape } from './tape.ts';

/**
 * Dependencies of a speculation. Its engines carry the speculation's own generation, so that its cancel reaches them.
 */
export interface SpeculationDeps {
  readonly llm: LlmEngine;
  readonly tts: TtsEngine;
  readonly memory?: Pick<SessionMemory, 'recall' | 'fail'>;
  /** How long it waits for the memory, ms. */
  readonly recallMs: number;
  readonly reply: SessionParameters['reply'];
  readonly reading: ReadingParameters;
  /** Default: nothing is saved. */
  readonly economy?: Pick<Economy, 'speculates'> | undefined;
}

/**
 * A reply in preparation: its text, its actions and the audio of its first segment. It keeps them until the reply's own
 * children take them over with `asLlm` and `asTts`.
 */
export class Speculation {
  readonly #input: ChildInputs['speculation'];
  readonly #deps: SpeculationDeps;
  readonly #text = new Tape<LlmEvent>(join);
  #speech: { readonly request: TtsRequest; readonly audio: Tape<TtsEvent> } | undefined;
  #said = '';
  #taken = false;

  constructor(input: ChildInputs['speculation'], deps: SpeculationDeps) {
    this.#input = input;
    this.#deps = deps;
  }

  /**
   * Runs until it is stopped; rejects when the language engine fails. After the takeover, failures reach
   * the reply instead.
   */
  run(signal: AbortSignal): Promise<never> {
    return new Promise((_resolve, reject) => {
      const stop = () => {
        if (!this.#taken) this.#abandon();
        reject(new ParleyError('CANCELLED', undefined, { cause: signal.reason }));
      };
      if (signal.aborted) {
        stop();
        return;
      }
      signal.addEventListener('abort', stop, { once: true });
      void this.#text
        .record(
          (own) => this.#ask(own),
          (event) => this.#note(event),
        )
        .then((outcome) => {
          if ('error' in outcome) {
            if (!this.#taken) this.#abandon();
            reject(outcome.error);
          } else if (!signal.aborted) this.#cut(true);
        });
    });
  }

  /** The language engine of the reply that takes over: yields the prepared events, then the new ones. */
  asLlm(engine: LlmEngine): LlmEngine {
    if (this.#text.failed) return engine;
    this.#taken = true;
    return {
      name: engine.name,
      reply: (_request, signal) => this.#text.play(signal),
      close: () => engine.close(),
    };
  }

  /** The speech engine of that reply: the audio of the first segment may be ready. */
  asTts(engine: TtsEngine): TtsEngine {
    return {
      name: engine.name,
      ...(engine.readsItself && { readsItself: true }),
      close: () => engine.close(),
      synthesize: (request, signal) => {
        // A filler is not part of the speculation.
        if (request.cachedOnly) return engine.synthesize(request, signal);
        const speech = this.#speech;
        this.#speech = undefined;
        if (speech && !speech.audio.failed && same(speech.request, request)) return speech.audio.play(signal);
        speech?.audio.stop();
        return engine.synthesize(request, signal);
      },
    };
  }

  /** The reply that took over has ended its speech: a first segment that it did not request is not needed. */
  endSpeech(): void {
    this.#speech?.audio.stop();
    this.#speech = undefined;
  }

  #abandon(): void {
    this.#text.stop();
    this.endSpeech();
  }

  async *#ask(signal: AbortSignal): AsyncGenerator<LlmEvent, void, undefined> {
    if (this.#deps.economy?.speculates === false)
      throw new ParleyError('OVERLOADED', 'no reply is prepared ahead');
    const {
      generation: _of,
      voice: _spoken,
      text: _said,
      recalls,
      known = [],
      messages,
      ...request
    } = this.#input;
    const facts = recalls ? await this.#recall(signal) : [];
    if (signal.aborted) return;
    yield* this.#deps.llm.reply(
      { ...request, messages: withFacts(messages, together(known, facts)) },
      signal,
    );
  }

  /** A reply without facts now is better than one that waits for them. */
  async #recall(signal: AbortSignal): Promise<readonly string[]> {
    const { memory, recallMs } = this.#deps;
    try {
      return (await memory?.recall(this.#input.text, signal, recallMs)) ?? [];
    } catch (thrown) {
      if (!signal.aborted) memory?.fail(thrown);
      return [];
    }
  }

  #note(event: LlmEvent): void {
    if (event.type !== 'delta') return;
    this.#said += event.text;
    this.#cut(false);
  }

  /** Speaks the first segment as soon as the text has one. */
  #cut(final: boolean): void {
    if (this.#taken || this.#speech || this.#input.silent) return;
    const { lengths } = cutSegments(this.#said, { segment: 0, final }, this.#deps.reply);
    const { tts, reading } = this.#deps;
    let from = 0;
    for (const length of lengths) {
      const piece = this.#said.slice(from, from + length);
      const spoken = (tts.readsItself ? writtenWords(piece) : readAloud(piece, this.#input.language, reading))
        .text;
      from += length;
      if (spoken === '') continue;
      this.#speak(spoken);
      return;
    }
  }

  #speak(text: string): void {
    const { language, voice } = this.#input;
    const request = { text, language, ...(voice === null ? {} : { voice }) };
    const audio = new Tape<TtsEvent>();
    this.#speech = { request, audio };
    void audio.record((signal) => this.#deps.tts.synthesize(request, signal));
  }
}

/** Waiting text is emitted at once when the speculation is taken; it gives the same segments. */
function join(last: LlmEvent, next: LlmEvent): LlmEvent | undefined {
  if (last.type !== 'delta' || next.type !== 'delta') return undefined;
  return { type: 'delta', text: last.text + next.text };
}

function same(one: TtsRequest, other: TtsRequest): boolean {
  return one.text === other.text && one.language === other.language && one.voice === other.voice;
}

/** Prepares a reply until it is stopped: by then the reply has taken it over, or it is not needed. It emits nothing. */
export function speculationChild(speculation: Speculation): ChildLogic {
  return childLogic(({ signal }) => speculation.run(signal));
}
