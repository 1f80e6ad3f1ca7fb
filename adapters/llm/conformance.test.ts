import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { answer } from '../../testing/loopback/http-script.ts';
import { chatReply } from '../../testing/loopback/openai-replies.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { ServerMood } from '../conformance-test-util.ts';
import { MAX_CALLS } from '../http/calls.ts';
import { llmConformance } from './conformance-test-util.ts';
import { dialogLlm } from './dialog/dialog.ts';
import { openaiLlm } from './openai/openai.ts';

const DIALOG = `
version: 1
language: en
name: Parley
notUnderstood: [Pardon?]
entries:
  - id: look
    phrases: [look around]
    replies: [I see a chair. It is red.]
    actions: [{ name: turn }]
`;

/** Time between two words that does not pass while it is held. */
function heldTime() {
  let held = false;
  return {
    clock: {
      setTimer(_ms: number, run: () => void) {
        let cancelled = false;
        if (!held) void setImmediate().then(() => cancelled || run());
        return {
          cancel() {
            cancelled = true;
          },
        };
      },
    },
    hang() {
      held = true;
    },
    async recover() {
      held = false;
    },
  };
}

llmConformance('dialog', async () => {
  const { clock, ...time } = heldTime();
  const engine = dialogLlm({ dialog: parseDialog(DIALOG, 'a.dialog.yaml'), deltaDelayMs: 10, clock });
  return {
    ...{ engine, ...time, noticesHang: false, limit: Number.POSITIVE_INFINITY },
    ...{ asks: 'look around', reply: '<turn>I see a chair. It is red.' },
    // It is a function of the request: there is nothing that could break.
    crash: () => {},
    close: () => engine.close(),
  };
});

const CALL = { id: 'c', name: 'turn', arguments: '{}' };
const WHOLE = answer(
  200,
  'application/json',
  JSON.stringify({
    choices: [
      {
        message: {
          content: 'I see a chair.',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'turn', arguments: '{}' } }],
        },
        finish_reason: 'tool_calls',
      },
    ],
  }),
);
const isWhole = (json: unknown) => z.looseObject({ stream: z.boolean() }).parse(json).stream === false;

llmConformance('OpenAI', async () => {
  const mood = new ServerMood();
  const tool = { name: 'turn', description: 'Turns.', parameters: { type: 'object' } };
  const server = await openaiServer({
    chat: ({ json }) =>
      mood.choose(isWhole(json) ? WHOLE : chatReply(['I see ', 'a chair.'], { toolCalls: [CALL] })),
  });
  const engine = openaiLlm({ baseURL: server.baseURL, model: 'm', tools: [tool], maxToolRounds: 0 });
  return {
    ...{ engine, ...mood, noticesHang: false, limit: MAX_CALLS },
    ...{ asks: 'look around', reply: 'I see a chair.<turn>' },
    close: () => Promise.all([engine.close(), server.close()]),
  };
});
