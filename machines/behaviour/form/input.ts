/** What a chart gives to a form, checked when it begins. */
import type { Json } from '../../json.ts';
import { Fields } from '../fields.ts';
import type { FieldCheck, FormField, FormInput } from './form.ts';

const MAX_FIELDS = 32;
const MAX_RETRIES = 100;
const LEAST_SILENCE_MS = 100;

export function formInput(given: Json): FormInput {
  const of = new Fields('form', given, ['fields', 'confirm', 'retries', 'silenceMs', 'known']);
  const list = of.list('fields') ?? [];
  if (list.length === 0 || list.length > MAX_FIELDS) of.fail('fields', `must be 1 to ${MAX_FIELDS}`);
  const fields = list.map(formField);
  const twice = fields.find(({ name }, at) => fields.findIndex((one) => one.name === name) < at);
  if (twice) of.fail('fields', `has "${twice.name}" twice`);
  const confirm = typeof of.of('confirm') === 'string' ? of.text('confirm') : of.flag('confirm');
  const retries = of.count('retries', 0, MAX_RETRIES);
  const silenceMs = of.count('silenceMs', LEAST_SILENCE_MS, Number.MAX_SAFE_INTEGER);
  const known = of.object('known');
  const unknown = Object.keys(known ?? {}).find((name) => !fields.some((field) => field.name === name));
  if (unknown !== undefined) of.fail('known', `names the field "${unknown}", which the form does not have`);
  return {
    fields,
    ...(confirm !== undefined && { confirm }),
    ...(retries !== undefined && { retries }),
    ...(silenceMs !== undefined && { silenceMs }),
    ...(known && { known: Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)) }),
  };
}

function formField(given: Json): FormField {
  const names = [
    'name',
    'slot',
    'question',
    'reprompts',
    'phrases',
    'label',
    'optional',
    'check',
    'confirmBelow',
  ];
  const of = new Fields('field', given, names);
  const optional = of.flag('optional');
  const confirmBelow = of.share('confirmBelow');
  const check = of.of('check');
  return {
    name: of.name('name'),
    ...(!(optional && of.of('question') === undefined) && { question: of.text('question') }),
    ...(of.of('slot') !== undefined && { slot: of.text('slot') }),
    ...(of.of('reprompts') !== undefined && { reprompts: of.texts('reprompts') }),
    ...(of.of('phrases') !== undefined && { phrases: of.texts('phrases') }),
    ...(of.of('label') !== undefined && { label: of.text('label') }),
    ...(optional !== undefined && { optional }),
    ...(check !== undefined && { check: fieldCheck(check) }),
    ...(confirmBelow !== undefined && { confirmBelow }),
  };
}

function fieldCheck(given: Json): FieldCheck {
  const of = new Fields('check', given, ['min', 'max', 'among', 'except', 'says']);
  const [min, max] = [of.number('min'), of.number('max')];
  const values = (name: string) =>
    of.list(name)?.map((one) => {
      const isPlain = typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean';
      return isPlain ? one : of.fail(name, 'must be a list of values');
    });
  const [among, except] = [values('among'), values('except')];
  return {
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(among && { among }),
    ...(except && { except }),
    ...(of.of('says') !== undefined && { says: of.text('says') }),
  };
}
