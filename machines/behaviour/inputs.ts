/** What a chart gives to its parts and effects, checked when they begin. Without a schema library: the inspector loads it. */
import { ParleyError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import type { ActInput, AskInput, SayInput, WhenInterrupted } from './parts.ts';

const INTERRUPTED: readonly WhenInterrupted[] = ['drop', 'resume', 'repeat'];
const MAX_NAME = 64;
const MAX_RETRIES = 100;
const LEAST_SILENCE_MS = 100;

export function sayInput(given: Json): SayInput {
  const fields = new Fields('say', given, ['text', 'urgent', 'whenInterrupted']);
  const texts = fields.of('text');
  const whenInterrupted = fields.of('whenInterrupted');
  const how = INTERRUPTED.find((one) => one === whenInterrupted);
  if (whenInterrupted !== undefined && !how)
    fields.fail('whenInterrupted', `must be ${INTERRUPTED.join(', ')}`);
  const urgent = fields.flag('urgent');
  return {
    text: typeof texts === 'string' ? fields.text('text') : fields.texts('text'),
    ...(urgent !== undefined && { urgent }),
    ...(how && { whenInterrupted: how }),
  };
}

export function askInput(given: Json): AskInput {
  const names = [
    'question',
    'slot',
    'phrases',
    'anything',
    'retries',
    'silenceMs',
    'reprompts',
    'confirmBelow',
  ];
  const fields = new Fields('ask', given, names);
  const slot = fields.of('slot') === undefined ? undefined : fields.text('slot');
  const phrases = fields.of('phrases') === undefined ? undefined : fields.texts('phrases');
  const reprompts = fields.of('reprompts') === undefined ? undefined : fields.texts('reprompts');
  const confirmBelow = fields.share('confirmBelow');
  const anything = fields.flag('anything');
  const retries = fields.count('retries', 0, MAX_RETRIES);
  const silenceMs = fields.count('silenceMs', LEAST_SILENCE_MS, Number.MAX_SAFE_INTEGER);
  if (slot === undefined && !phrases && !anything)
    fields.fail('slot', 'is missing: give slot, phrases or anything, or nothing answers the question');
  return {
    question: fields.text('question'),
    ...(slot !== undefined && { slot }),
    ...(phrases && { phrases }),
    ...(anything !== undefined && { anything }),
    ...(retries !== undefined && { retries }),
    ...(silenceMs !== undefined && { silenceMs }),
    ...(reprompts && { reprompts }),
    ...(confirmBelow !== undefined && { confirmBelow }),
  };
}

export function actInput(given: Json): ActInput {
  const fields = new Fields('act', given, ['name', 'args']);
  const args = fields.object('args');
  return { name: fields.name('name'), ...(args && { args }) };
}

export function reportInput(given: Json): { readonly name: string; readonly data?: JsonObject } {
  const fields = new Fields('report', given, ['name', 'data']);
  const data = fields.object('data');
  return { name: fields.name('name'), ...(data && { data }) };
}

/** The fields of one input. Each getter throws BEHAVIOUR_INVALID if the field is not of its type. */
class Fields {
  readonly #what: string;
  readonly #given: JsonObject;

  constructor(what: string, given: Json, known: readonly string[]) {
    this.#what = what;
    this.#given = isObject(given) ? given : this.fail('input', 'must be an object');
    const unknown = Object.keys(this.#given).find((name) => !known.includes(name));
    if (unknown !== undefined) this.fail(unknown, `is unknown; ${what} takes ${known.join(', ')}`);
  }

  of(name: string): Json | undefined {
    return this.#given[name];
  }

  text(name: string): string {
    const value = this.of(name);
    return typeof value === 'string' && value !== '' ? value : this.fail(name, 'must be a text');
  }

  name(name: string): string {
    const value = this.text(name);
    return value.length <= MAX_NAME ? value : this.fail(name, `must have at most ${MAX_NAME} characters`);
  }

  texts(name: string): readonly string[] {
    const value = this.of(name);
    if (!isList(value) || value.length === 0) return this.fail(name, 'must be a list of texts');
    return value.map((one) =>
      typeof one === 'string' && one !== '' ? one : this.fail(name, 'must be a list of texts'),
    );
  }

  flag(name: string): boolean | undefined {
    const value = this.of(name);
    return value === undefined || typeof value === 'boolean'
      ? value
      : this.fail(name, 'must be true or false');
  }

  count(name: string, least: number, most: number): number | undefined {
    const value = this.of(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return this.fail(name, `must be a whole number from ${least}`);
  }

  share(name: string): number | undefined {
    const value = this.of(name);
    if (value === undefined || (typeof value === 'number' && value >= 0 && value <= 1)) return value;
    return this.fail(name, 'must be a number from 0 to 1');
  }

  object(name: string): JsonObject | undefined {
    const value = this.of(name);
    return value === undefined || isObject(value) ? value : this.fail(name, 'must be an object');
  }

  fail(name: string, message: string): never {
    throw new ParleyError('BEHAVIOUR_INVALID', `${this.#what}: ${name} ${message}`);
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
