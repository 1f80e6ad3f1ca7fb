import type { Understood, Wanted } from '../program.ts';
import type { AskPart, PartEnd } from '../snapshot.ts';
import { type Answered, RunningQuestion, type Words } from './question.ts';

const RETRIES = 2;

/** Asks one thing, and ends with the answer. */
export class RunningAsk extends RunningQuestion<AskPart> {
  get wanted(): NonNullable<Wanted['answer']> {
    const { slot, phrases } = this.plain.input;
    return { slot, phrases };
  }

  get text(): string {
    const { input, tries } = this.plain;
    const { question, reprompts = [] } = input;
    return tries === 0 ? question : (reprompts[tries - 1] ?? question);
  }

  protected get silenceMs(): number | undefined {
    return this.plain.input.silenceMs;
  }

  understood({ phrase, slots }: Understood, words: Words): Answered {
    return { end: this.ended('done', { slots, ...(phrase !== undefined && { phrase }), ...words }) };
  }

  unmatched(words: Words): Answered {
    if (this.plain.input.anything) return { end: this.ended('done', { slots: {}, ...words }) };
    return { end: this.#tryAgain('noMatch') };
  }

  protected silent(): PartEnd | undefined {
    return this.#tryAgain('noInput');
  }

  #tryAgain(code: 'noInput' | 'noMatch'): PartEnd | undefined {
    const { tries, input } = this.plain;
    if (tries >= (input.retries ?? RETRIES)) return this.ended('error', { code });
    this.change({ tries: tries + 1, asked: false });
    return undefined;
  }
}
