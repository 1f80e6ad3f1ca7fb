import type { LlmEvent, LlmRequest } from '../../../actors/ports/llm.ts';
import type { HttpStep } from '../../../testing/loopback/http-script.ts';

export const WAVE = {
  name: 'wave',
  description: 'Waves a hand.',
  parameters: { type: 'object', properties: { hand: { type: 'string' }, times: { type: 'integer' } } },
};
export const HELLO: LlmRequest = {
  messages: [{ role: 'user', content: 'hello' }],
  language: 'en',
  seed: 7,
  reported: true,
};

/** The exact bytes of a streamed answer. */
export const SSE: HttpStep = { do: 'head', status: 200, headers: { 'content-type': 'text/event-stream' } };
export const bytes = (text: string): HttpStep => ({ do: 'send', bytes: text });
export const event = (data: unknown): HttpStep => bytes(`data: ${JSON.stringify(data)}\n\n`);
export const delta = (one: object, finish: string | null = null) =>
  event({ choices: [{ index: 0, delta: one, finish_reason: finish }] });
export const STOP = delta({}, 'stop');
export const DONE = bytes('data: [DONE]\n\n');
export const END: HttpStep = { do: 'end' };
export const streamed = (...steps: HttpStep[]) => [SSE, ...steps, STOP, DONE, END];
export const said = (...texts: string[]) => streamed(...texts.map((content) => delta({ content })));
export const calls = (...deltas: unknown[]) => streamed(...deltas.map((one) => delta({ tool_calls: one })));

/** `Hello <wave {"hand":"left"}>`: what is said, and the calls in their order. */
export const shown = (events: readonly LlmEvent[]) =>
  events
    .map((one) => {
      if (one.type === 'delta') return one.text;
      return one.invalid === undefined ? `<${one.name} ${JSON.stringify(one.args)}>` : `<${one.name} fails>`;
    })
    .join('');
