/** A server with tools, and a model that calls them: shared by the tests of tools. */

import { pause } from '../../actors/cancellation.ts';
import type { ActionRequest } from '../../actors/ports/action.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Json } from '../../machines/json.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { Tool } from '../../machines/wire.ts';
import { type Conversation, settle } from '../../testing/conversation.ts';
import type { LlmScript } from '../../testing/scripted-engines.ts';
import { parameters, type Scene, scene } from './scene.ts';

const tool = (name: string, terms: Partial<Tool> = {}): Tool => ({
  ...{ name, description: '', parameters: {}, whenInterrupted: 'finish' },
  ...terms,
});

export const TOOLS = [
  tool('look'),
  tool('order'),
  tool('search', { whenInterrupted: 'cancel' }),
  tool('log', { whenInterrupted: 'detach' }),
];

export function calls(text: string, ...names: string[]): LlmScript {
  return { text, actions: names.map((name) => ({ type: 'action', id: name, name, args: {} })) };
}

export interface Workshop extends Scene {
  /** What the tool of a name gives, and after how many ms. Default: its name, after 100 ms. */
  readonly gives?: Readonly<
    Record<string, { readonly afterMs?: number; readonly result?: Json; readonly fails?: true }>
  >;
  readonly asking?: Partial<SessionParameters['asking']>;
}

/** A server with tools, whose model goes on with their results. `ran`: the calls outside, in order. */
export async function workshop({ gives = {}, asking = {}, ...options }: Workshop) {
  const clock = new VirtualClock({ settle });
  const ran: ActionRequest[] = [];
  const talk = await scene({
    clock,
    tools: { tools: TOOLS, watch: () => () => {} },
    actions: {
      async run(request, signal) {
        ran.push(request);
        const { afterMs = 100, result = { found: request.name }, fails } = gives[request.name] ?? {};
        await pause(clock, afterMs, signal);
        if (fails) throw new ParleyError('ACTION_FAILED', 'out of cheese');
        return result;
      },
    },
    parameters: parameters({
      asking,
      actions: {
        allow: ['*'],
        maxPerReply: 16,
        rounds: 3,
        followUps: { '*': ['done', 'failed', 'refused'] },
      },
    }),
    ...options,
  });
  return Object.assign(talk, { ran });
}

export function heard(talk: Conversation): string[] {
  return talk.of('reply.end').map((end) => end.heard);
}

export const outcome = (id: string, name: string, result: object) => ({ id, name, args: {}, result });
