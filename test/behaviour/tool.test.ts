import { describe, expect, it } from 'vitest';
import { behaviourProgram } from '../../actors/behaviour/program.ts';
import { httpTools } from '../../adapters/tools/http.ts';
import { behaviour, say } from '../../machines/behaviour/define.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { settle } from '../../testing/conversation.ts';
import { answer, errorAnswer, type HttpStep, scriptedServer } from '../../testing/loopback/http-script.ts';
import { scene } from '../session/scene.ts';
import { afterTest } from '../support/after-test.ts';
import { robotLog } from './robot-log.ts';

const shop = behaviourProgram(
  behaviour({
    id: 'shop',
    phrases: { pay: ['pay'], odd: ['pay oddly'], other: ['pay elsewhere'], leave: ['leave'] },
  }).createMachine({
    initial: 'ready',
    states: {
      ready: { on: { 'heard.pay': 'paying', 'heard.odd': 'odd', 'heard.other': 'other' } },
      paying: {
        invoke: {
          src: 'tool',
          input: { name: 'pay', args: { cents: 250 } },
          onDone: { target: 'ready', actions: say('Thank you.') },
          onError: [
            {
              guard: ({ event }) => code(event.error) === 'timeout',
              target: 'ready',
              actions: say('Too late.'),
            },
            { target: 'ready', actions: say('That did not work.') },
          ],
        },
        on: { 'heard.leave': 'ready' },
      },
      odd: {
        invoke: {
          src: 'tool',
          input: { name: 'pay', args: { cents: 'much' } },
          onError: { target: 'ready', actions: say('Refused.') },
        },
      },
      other: {
        invoke: {
          src: 'tool',
          input: { name: 'swap' },
          onError: { target: 'ready', actions: say('Unknown.') },
        },
      },
    },
  }),
);

function code(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
}

/** A conversation with one tool, whose server answers so. */
async function begin(...answers: readonly (readonly HttpStep[])[]) {
  const clock = new VirtualClock({ settle });
  const server = await scriptedServer(
    clock,
    async (received) => received,
    ({ n }) => answers[n] ?? answer(200, 'application/json', '{"paid":true}'),
  );
  const parameters = {
    type: 'object',
    properties: { cents: { type: 'integer' } },
    required: ['cents'],
  };
  const tools = httpTools([
    {
      ...{ name: 'pay', url: `${server.baseURL}/pay`, method: 'POST', description: 'Pays.', parameters },
      ...{ headers: {}, whenInterrupted: 'cancel', deadlineMs: 5_000 },
    },
  ]);
  afterTest(async () => {
    await tools.close();
    await server.close();
  });
  const talk = await scene({
    ...{ clock, behaviour: shop, output: 'text' },
    tools: { tools: tools.tools, watch: () => () => {} },
    actions: { run: (request, signal) => tools.call(request, signal) },
  });
  const type = async (text: string) => {
    talk.send({ type: 'text', text });
    await talk.wait(10);
  };
  const answered = async () => {
    const request = await server.nextRequest();
    await request.outcome;
    for (let i = 0; i < 20; i += 1) await settle();
    await talk.wait(10);
    return request;
  };
  return { talk, server, type, answered };
}

describe('a tool of the server', () => {
  it('is called with its arguments and a key that is used once', async () => {
    const { talk, type, answered } = await begin();
    await type('pay');
    const first = await answered();
    await type('pay');
    const second = await answered();
    expect(first.body.toString()).toBe('{"cents":250}');
    const keys = [first, second].map(({ incoming }) => incoming.headers['idempotency-key']);
    expect(keys[0]).toMatch(/shop\.paying\/1/u);
    expect(keys[1]).toMatch(/shop\.paying\/2/u);
    expect(robotLog(talk.heard)).toEqual([
      ...['pay started', 'pay done', 'said: Thank you.'],
      ...['pay started', 'pay done', 'said: Thank you.'],
    ]);
  });

  it('is refused with arguments that do not fit, and if the server has none of this name', async () => {
    const { talk, type, server } = await begin();
    await type('pay oddly');
    await type('pay elsewhere');
    expect(robotLog(talk.heard)).toEqual(['said: Refused.', 'said: Unknown.']);
    expect(server.requests).toHaveLength(0);
  });

  it('ends with its failure or its deadline', async () => {
    const { talk, type, answered, server } = await begin(errorAnswer(500, 'no'), [{ do: 'hang' }]);
    await type('pay');
    await answered();
    await type('pay');
    await server.nextRequest();
    await talk.wait(5_100);
    expect(robotLog(talk.heard)).toEqual([
      ...['pay started', 'pay failed', 'TOOL_FAILED', 'said: That did not work.'],
      ...['pay started', 'pay failed', 'ACTION_TIMEOUT', 'said: Too late.'],
    ]);
  });

  it('is cancelled when the state is left, and by a voice stop', async () => {
    const { talk, type, server } = await begin([{ do: 'hang' }], [{ do: 'hang' }]);
    await type('pay');
    const left = await server.nextRequest();
    await type('leave');
    expect(await left.outcome).toBe('gone');
    await type('pay');
    const stopped = await server.nextRequest();
    talk.send({ type: 'halt' });
    await talk.wait(10);
    expect(await stopped.outcome).toBe('gone');
    expect(robotLog(talk.heard)).toEqual(['pay started', 'pay cancelled', 'pay started', 'pay cancelled']);
  });
});
