/** What a chart gives to its parts and effects, checked when they begin. Without a schema library: the inspector loads it. */
import type { Json, JsonObject } from '../json.ts';
import { Fields } from './fields.ts';
import type { ActInput, AskInput, ModelInput, SayInput, WhenInterrupted } from './parts.ts';

const INTERRUPTED: readonly WhenInterrupted[] = ['drop', 'resume', 'repeat'];
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

export function modelInput(given: Json): ModelInput {
  const fields = new Fields('model', given, ['instructions', 'words', 'schema', 'timeoutMs']);
  const words = fields.of('words') === undefined ? undefined : fields.text('words');
  const schema = fields.object('schema');
  const timeoutMs = fields.count('timeoutMs', LEAST_SILENCE_MS, Number.MAX_SAFE_INTEGER);
  return {
    instructions: fields.text('instructions'),
    ...(words !== undefined && { words }),
    ...(schema && { schema }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

export function reportInput(given: Json): { readonly name: string; readonly data?: JsonObject } {
  const fields = new Fields('report', given, ['name', 'data']);
  const data = fields.object('data');
  return { name: fields.name('name'), ...(data && { data }) };
}
