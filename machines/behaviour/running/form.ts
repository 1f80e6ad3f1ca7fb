import type { JsonObject } from '../../json.ts';
import type { Floor } from '../floor.ts';
import { type FormEvent, type FormStep, questionOf, stepForm, takesAnswer } from '../form/form.ts';
import { formText } from '../form/text.ts';
import { type FormWords, formWords } from '../form/words.ts';
import type { Understood, Wanted } from '../program.ts';
import type { FormPart, PartEnd } from '../snapshot.ts';
import { doubted, yesOrNo } from './doubt.ts';
import { type Answered, RunningQuestion, type Words } from './question.ts';

/** Asks for all fields of a form that the user has not said yet, and ends when they are confirmed. */
export class RunningForm extends RunningQuestion<FormPart> {
  override begin(floor: Floor): void {
    // All may be known already.
    const { input, state } = this.plain;
    if (questionOf(input, state)) this.ask(floor);
    else this.host.end(this.#completed(), floor);
  }

  get wanted(): NonNullable<Wanted['answer']> {
    const { input, state } = this.plain;
    const question = questionOf(input, state);
    const asked = question?.type === 'field' ? question.field.name : undefined;
    return { form: { fields: input.fields, asked, values: state.values } };
  }

  protected text(floor: Floor): string {
    const { input, state } = this.plain;
    return formText(input, state, this.#words, (words) => doubted(words, floor));
  }

  protected get silenceMs(): number | undefined {
    return this.plain.input.silenceMs;
  }

  override hears({ text }: Words, floor: Floor): Answered | undefined {
    const { input, state } = this.plain;
    if (!takesAnswer(questionOf(input, state))) return undefined;
    // "Cancel" is also a no.
    const { understand } = this.host.program;
    if (understand(text, { phrases: [], answer: this.wanted })?.form?.command) return undefined;
    const answer = yesOrNo(text, floor, this.#words.yes);
    return answer && this.#step({ type: 'answer', answer });
  }

  understood({ form: reading }: Understood, { confidence }: Words): Answered {
    if (!reading) return this.unmatched();
    return this.#step({ type: 'heard', reading, ...(confidence !== undefined && { confidence }) });
  }

  unmatched(): Answered {
    return this.#step({ type: 'unmatched' });
  }

  protected silent(): PartEnd | undefined {
    return this.#step({ type: 'silence' }).end;
  }

  #step(event: FormEvent): Answered {
    const { state, end }: FormStep = stepForm(this.plain.input, this.plain.state, event);
    this.change({ state, asked: false });
    if (end === undefined) return {};
    return { end: end === 'done' ? this.#completed() : this.ended('error', { code: end }) };
  }

  #completed(): PartEnd {
    const slots: JsonObject = Object.fromEntries(
      Object.entries(this.plain.state.values).map(([name, { value }]) => [name, value]),
    );
    return this.ended('done', { slots });
  }

  /** A form of another language does not begin. */
  get #words(): FormWords {
    const words = formWords(this.host.program.definition.language ?? 'en');
    if (!words) throw new TypeError('no words for this language');
    return words;
  }
}
