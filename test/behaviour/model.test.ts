import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { behaviourProgram } from '../../actors/behaviour/program.ts';
import { aborted } from '../../actors/cancellation.ts';
import { openaiLlm } from '../../adapters/llm/openai/openai.ts';
import { assign, behaviour, say } from '../../machines/behaviour/define.ts';
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import { loadBehaviour } from '../../server/behaviour/load.ts';
import { settle } from '../../testing/conversation.ts';
import { breakOff, errorAnswer, type HttpStep } from '../../testing/loopback/http-script.ts';
import { chatReply } from '../../testing/loopback/openai-replies.ts';
import { type OpenAiServer, openaiServer } from '../../testing/loopback/openai-server.ts';
import { scene, type Talk } from '../session/scene.ts';
import { afterTest } from '../support/after-test.ts';
import { robotLog } from './robot-log.ts';

const MUSEUM = fileURLToPath(new URL('../../examples/museum/museum.behaviour.ts', import.meta.url));

/** A client that reports how its actions end, and a language model that answers so, one request after the other. */
async function begin(program: BehaviourProgram, ...replies: readonly (readonly HttpStep[])[]) {
  const server = await openaiServer({ chat: ({ n }) => replies[n] ?? chatReply(['Nothing.']) });
  const llm = openaiLlm({ baseURL: server.baseURL, model: 'm', temperature: 0 });
  afterTest(async () => {
    await llm.close();
    await server.close();
  });
  const talk = await scene({
    ...{ behaviour: program, results: true, output: 'text', llm },
    actions: { run: (_, signal) => aborted(signal) },
  });
  return { talk, server };
}

const type = async (talk: Talk, text: string) => {
  talk.send({ type: 'text', text });
  await talk.wait(10);
};

const done = async (talk: Talk) => {
  const id = talk.of('action').findLast(({ status }) => status === 'started')?.id ?? '';
  talk.send({ type: 'action.result', id, status: 'done' });
  await talk.wait(10);
};

/** Types something that the model answers, and waits for the answer on the wire. Returns the request. */
async function ask(talk: Talk, server: OpenAiServer, text: string) {
  await type(talk, text);
  const request = await server.nextRequest();
  await request.outcome;
  for (let i = 0; i < 20; i += 1) await settle();
  await talk.wait(10);
  return request.json as {
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly tools?: readonly {
      readonly function: { readonly name: string; readonly parameters: unknown };
    }[];
  };
}

describe('the museum guide', () => {
  it('answers a question in between, and goes on where it was', async () => {
    const reply = chatReply(['It lived ', 'long ago. ', 'It slept a lot.']);
    const { talk, server } = await begin(await loadBehaviour(MUSEUM), reply);
    await type(talk, 'start the tour');
    await done(talk);
    const request = await ask(talk, server, 'how old is it');
    await type(talk, 'show me the clock');
    await done(talk);
    await type(talk, 'that is enough');
    expect(robotLog(talk.heard)).toEqual([
      'drive started',
      'said: Welcome! Please follow me.',
      'drive done',
      'said: This is a dinosaur, found in a clay pit not far from here.',
      'said: It ate plants, and weighed as much as two elephants.',
      'reports explained',
      'said: Do you have a question? Otherwise say: go on.',
      'said: It lived long ago.',
      'said: It slept a lot.',
      'said: It ate plants, and weighed as much as two elephants.',
      'reports explained',
      'said: Do you have a question? Otherwise say: go on.',
      'drive started',
      'drive done',
      'said: This clock was made for a church tower.',
      'said: It loses one second in a year.',
      'reports explained',
      'said: Do you have a question? Otherwise say: go on.',
      'dock started',
      'said: Thank you for coming!',
    ]);
    expect(request.messages.at(-1)).toEqual({ role: 'user', content: 'how old is it' });
    expect(request.messages[0]?.content).toContain('You are the guide of a small museum');
    expect(request.tools?.map((tool) => tool.function.name)).toEqual(['next', 'show', 'end']);
  });

  it('goes where the model says, if the state has a way there', async () => {
    const call = { name: 'show', arguments: '{"exhibit":"telescope"}' };
    const { talk, server } = await begin(await loadBehaviour(MUSEUM), chatReply([], { toolCalls: [call] }));
    await type(talk, 'start the tour');
    await done(talk);
    await ask(talk, server, 'i want to look at the stars');
    await done(talk);
    expect(robotLog(talk.heard).slice(7, 10)).toEqual([
      'drive started',
      'drive done',
      'said: With this telescope a local baker found a comet.',
    ]);
  });

  it('takes no way that the state does not have, and no wrong arguments', async () => {
    const calls = [
      { name: 'begin', arguments: '{}' },
      { name: 'show', arguments: '{"exhibit":"exit"}' },
      { name: 'fly', arguments: '{}' },
    ];
    const { talk, server } = await begin(
      await loadBehaviour(MUSEUM),
      chatReply(['Let me see.'], { toolCalls: calls }),
      // The engine asks once more after calls of unknown tools.
      chatReply(['I cannot do that.']),
    );
    await type(talk, 'start the tour');
    await done(talk);
    await ask(talk, server, 'take me out of here');
    expect(robotLog(talk.heard).slice(7)).toEqual([
      ...['ACTION_REFUSED', 'ACTION_INVALID', 'ACTION_REFUSED'],
      ...['said: Let me see.', 'said: I cannot do that.'],
      'said: It ate plants, and weighed as much as two elephants.',
      'reports explained',
      'said: Do you have a question? Otherwise say: go on.',
    ]);
  });

  it('goes on by itself if the model is down, hangs, or dies in the middle', async () => {
    const halves = breakOff(chatReply(['It is ', 'old. ', 'It is ', 'big.']), 4, { do: 'reset' });
    const { talk, server } = await begin(
      await loadBehaviour(MUSEUM),
      ...[errorAnswer(401, 'no'), halves, breakOff(chatReply(['It is old.']), 1, { do: 'hang' })],
    );
    const failed = 'said: I do not know that. Please ask at the desk.';
    await type(talk, 'start the tour');
    await done(talk);
    await ask(talk, server, 'how old is it');
    expect(robotLog(talk.heard)[7]).toBe(failed);
    await ask(talk, server, 'how big is it');
    expect(robotLog(talk.heard).filter((line) => line === failed)).toHaveLength(2);
    await type(talk, 'how tall is it');
    const request = await server.nextRequest();
    await talk.wait(15_100);
    expect(await request.outcome).toBe('gone');
    expect(robotLog(talk.heard).filter((line) => line === failed)).toHaveLength(3);
  });

  it('is silent after a voice stop', async () => {
    const hangs = breakOff(chatReply(['It is old.']), 1, { do: 'hang' });
    const { talk, server } = await begin(await loadBehaviour(MUSEUM), hangs);
    await type(talk, 'start the tour');
    await done(talk);
    await type(talk, 'how old is it');
    const request = await server.nextRequest();
    talk.send({ type: 'halt' });
    await talk.wait(10);
    expect(await request.outcome).toBe('gone');
    const before = robotLog(talk.heard).length;
    await talk.wait(30_000);
    expect(robotLog(talk.heard)).toHaveLength(before);
  });
});

describe('a model with a schema', () => {
  const schema = {
    type: 'object',
    properties: { people: { type: 'integer', minimum: 1 } },
    required: ['people'],
  };
  const program = behaviourProgram(
    behaviour({
      id: 'table',
      phrases: {},
      types: {} as { context: { people?: number | undefined } },
    }).createMachine({
      context: {},
      initial: 'ready',
      states: {
        ready: { on: { heard: 'reading' } },
        reading: {
          invoke: {
            src: 'model',
            input: { instructions: 'How many people?', schema },
            onDone: {
              target: 'ready',
              actions: [
                assign(({ event }) => ({ people: Number(event.output.values?.people) })),
                say('A table for {people}.'),
              ],
            },
            onError: { target: 'ready', actions: say('For how many?') },
          },
        },
      },
    }),
  );

  it('gives the values, and nothing that the model says', async () => {
    const call = { name: 'values', arguments: '{"people":3}' };
    const wrong = { name: 'values', arguments: '{"people":0}' };
    const { talk, server } = await begin(
      program,
      chatReply(['Sure!'], { toolCalls: [call] }),
      chatReply([], { toolCalls: [wrong] }),
      chatReply(['Three.']),
    );
    await ask(talk, server, 'we are three');
    await ask(talk, server, 'we are none');
    await ask(talk, server, 'we are three');
    expect(robotLog(talk.heard)).toEqual([
      ...['said: A table for 3.', 'ACTION_INVALID', 'said: For how many?', 'said: For how many?'],
    ]);
  });
});
