import type { StateValue } from 'xstate';

/** A configuration of the chart has one value for good, so its words are found once. */
const known = new WeakMap<object, string>();

/** A state of the chart in the words of the oracle. */
export function chartDetail(value: StateValue): string {
  if (typeof value === 'string') return value;
  const text = known.get(value) ?? detailOf(value);
  known.set(value, text);
  return text;
}

function detailOf(value: StateValue): string {
  const [top, below] = outer(value);
  if (top === 'listening') return outer(below)[0];
  if (top !== 'responding' || typeof below !== 'object') return top;
  const region = (name: string) => {
    const [outermost, inner] = outer(below[name]);
    if (outermost !== 'running') return outermost === 'phrased' ? 'finished' : outermost;
    const [innermost] = outer(inner);
    return ['synthesising', 'busy', 'asking', 'streaming'].includes(innermost) ? innermost : 'running';
  };
  return `${innermost(below.phase)} tts:${region('tts')} playback:${region('playback')} actions:${region('actions')} llm:${region('llm')}`;
}

function outer(value: StateValue | undefined): [string, StateValue | undefined] {
  if (value === undefined) return ['', undefined];
  if (typeof value === 'string') return [value, undefined];
  const [name, below] = Object.entries(value)[0] ?? [''];
  return [name, below];
}

function innermost(value: StateValue | undefined): string {
  const [name, below] = outer(value);
  return below === undefined ? name : innermost(below);
}
