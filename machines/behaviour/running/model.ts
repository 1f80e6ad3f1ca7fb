import type { ModelEvent } from '../../session/events.ts';
import { languageOf } from '../../session/language/language.ts';
import { pathOf } from '../actions.ts';
import type { Floor } from '../floor.ts';
import { railsOf, VALUES, valuesTool } from '../rails.ts';
import type { ModelPart } from '../snapshot.ts';
import { RunningPart, type SpeechEnd } from './part.ts';

const TIMEOUT_MS = 15_000;
/** The end of a sentence, with the space behind it. */
const SENTENCE = /^[\s\S]*?[.!?…]["”’)]*\s+|^[\s\S]*?[。！？]|^[\s\S]*?\n+/u;

/**
 * Asks the language engine, within what the state allows: it speaks, takes one of the chart's ways, or fills a schema.
 * Sentences are said as they arrive.
 */
export class RunningModel extends RunningPart<ModelPart> {
  begin(floor: Floor): void {
    if (floor.isStopped) {
      this.end('error', { code: 'stopped' }, floor);
      return;
    }
    const { context } = floor;
    const { instructions, words = context.pending?.text ?? '', schema } = this.plain.input;
    const tools = schema ? [valuesTool(schema)] : railsOf(this.host.program.definition, this.host.enabled);
    floor.emit({
      type: 'model',
      id: this.#request,
      request: {
        ...{ language: languageOf(context), seed: context.input.seed, instructions, tools },
        ...(schema && { toolChoice: { name: VALUES } }),
        messages: [...context.history, { role: 'user', content: words }],
      },
    });
    this.#await(floor);
  }

  override leave(floor: Floor): void {
    this.#cancel(floor);
  }

  override stopped(floor: Floor): void {
    this.#cancel(floor);
    this.end('error', { code: 'stopped' }, floor);
  }

  override due(floor: Floor): void {
    this.#cancel(floor);
    this.end('error', { code: 'timeout' }, floor);
  }

  override model(event: ModelEvent, floor: Floor): void {
    if (event.id !== this.#request || this.plain.answered) return;
    switch (event.type) {
      case 'model.delta':
        this.#await(floor);
        if (!this.plain.input.schema) this.#say(this.plain.rest + event.text, false);
        return;
      case 'model.call':
        this.#await(floor);
        this.#call(event, floor);
        return;
      case 'model.ended':
        this.#ended(event, floor);
    }
  }

  override spoken({ heard, complete }: SpeechEnd, floor: Floor): void {
    const { waiting, heard: before } = this.plain;
    this.change({ waiting: waiting - 1, heard: `${before} ${heard}`.trim() });
    if (!complete) this.#cancel(floor);
    if (!complete || (this.plain.answered && this.plain.waiting === 0)) this.#done(complete, floor);
  }

  #call({ name, args, invalid }: Extract<ModelEvent, { type: 'model.call' }>, floor: Floor): void {
    const { schema, words = '' } = this.plain.input;
    const type = `heard.${name}`;
    const offered = schema ? name === VALUES : this.#rails.has(name);
    if (!offered || invalid !== undefined) {
      const message = offered ? `${name}: ${invalid}` : `${name}: the state has no way for it`;
      const code = offered ? 'ACTION_INVALID' : 'ACTION_REFUSED';
      floor.emit({ type: 'publish', message: { type: 'error', code, message, fatal: false } });
    } else if (schema) {
      this.#cancel(floor);
      this.end('done', { values: args }, floor);
    } else this.host.event({ type, slots: args, words });
  }

  #ended({ error }: Extract<ModelEvent, { type: 'model.ended' }>, floor: Floor): void {
    floor.cancelTimer(this.timer);
    this.change({ answered: true });
    if (error || this.plain.input.schema) {
      const message = error?.message ?? 'the model gave no values';
      this.end('error', { code: 'failed', message }, floor);
      return;
    }
    this.#say(this.plain.rest, true);
    if (this.plain.waiting === 0) this.#done(true, floor);
  }

  /** Says all whole sentences of a text, at its end all of it. */
  #say(given: string, all: boolean): void {
    let rest = given;
    let { waiting, text } = this.plain;
    for (;;) {
      const sentence = SENTENCE.exec(rest)?.[0] ?? (all ? rest : '');
      if (sentence === '') break;
      rest = rest.slice(sentence.length);
      if (sentence.trim() === '') continue;
      this.host.say(this.id, { text: sentence.trim().replaceAll(/[{}]/gu, '') });
      waiting += 1;
      text = `${text} ${sentence.trim()}`.trim();
    }
    this.change({ rest, waiting, text });
  }

  #done(complete: boolean, floor: Floor): void {
    const { text, heard } = this.plain;
    this.end('done', { text, heard, complete }, floor);
  }

  #await(floor: Floor): void {
    floor.setTimer(this.timer, this.plain.input.timeoutMs ?? TIMEOUT_MS);
  }

  #cancel(floor: Floor): void {
    floor.cancelTimer(this.timer);
    if (this.plain.answered) return;
    this.change({ answered: true });
    floor.emit({ type: 'modelStop', id: this.#request });
  }

  get #rails(): ReadonlySet<string> {
    const { definition } = this.host.program;
    return new Set(railsOf(definition, this.host.enabled).map(({ name }) => name));
  }

  get #request(): string {
    return `${pathOf(this.id, this.host.program)}/${this.plain.entry}`;
  }
}
