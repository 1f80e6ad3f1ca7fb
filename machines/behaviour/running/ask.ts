import type { Floor } from '../floor.ts';
import type { Understood, Wanted } from '../program.ts';
import type { AskPart, AskResult, PartEnd } from '../snapshot.ts';
import { doubted, yesOrNo } from './doubt.ts';
import { type Answered, RunningQuestion, type Words } from './question.ts';

const RETRIES = 2;

/** Asks one thing, and ends with the answer. */
export class RunningAsk extends RunningQuestion<AskPart> {
  get wanted(): NonNullable<Wanted['answer']> {
    const { slot, phrases } = this.plain.input;
    return { slot, phrases };
  }

  protected text(floor: Floor): string {
    const { input, tries, doubt } = this.plain;
    if (doubt) return doubted(doubt.text, floor);
    const { question, reprompts = [] } = input;
    return tries === 0 ? question : (reprompts[tries - 1] ?? question);
  }

  protected get silenceMs(): number | undefined {
    return this.plain.input.silenceMs;
  }

  /** The answer to "Did you say …?". Other words answer the question itself. */
  override hears({ text }: Words, floor: Floor): Answered | undefined {
    const { doubt } = this.plain;
    if (!doubt) return undefined;
    const answer = yesOrNo(text, floor);
    if (answer === 'yes') return { end: this.ended('done', doubt) };
    this.change({ doubt: undefined });
    return answer === 'no' ? { end: this.#tryAgain('noMatch') } : undefined;
  }

  understood({ phrase, slots }: Understood, words: Words): Answered {
    return this.#answered({ slots, ...(phrase !== undefined && { phrase }), ...words });
  }

  unmatched(words: Words): Answered {
    if (this.plain.input.anything) return this.#answered({ slots: {}, ...words });
    return { end: this.#tryAgain('noMatch') };
  }

  #answered(result: AskResult): Answered {
    if ((result.confidence ?? 1) >= (this.plain.input.confirmBelow ?? 0))
      return { end: this.ended('done', result) };
    this.change({ doubt: result, asked: false });
    return {};
  }

  protected silent(): PartEnd | undefined {
    return this.#tryAgain('noInput');
  }

  #tryAgain(code: 'noInput' | 'noMatch'): PartEnd | undefined {
    const { tries, input } = this.plain;
    if (tries >= (input.retries ?? RETRIES)) return this.ended('error', { code });
    this.change({ tries: tries + 1, asked: false, doubt: undefined });
    return undefined;
  }
}
