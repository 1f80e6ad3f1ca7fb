import { describe, expect, it } from 'vitest';
import { parseDialog } from '../actors/dialog/mod.ts';
import { inProcessBus } from '../adapters/bus/in-process.ts';
import { chatReply } from '../testing/loopback/openai-replies.ts';
import { openaiServer } from '../testing/loopback/openai-server.ts';
import { outcomeOf } from '../testing/loopback/outcome.ts';
import { loadConfig } from './config/load.ts';
import { makeEngine } from './engines.ts';
import { offeredActions, toolsOf } from './offered-actions.ts';

const dialog = parseDialog(
  `
slots: { meters: { one: 1, two: 2 } }
entries:
  - { id: wave, phrases: wave, actions: [{ name: wave, args: { hand: left, times: 2 } }] }
  - { id: go, phrases: "go {meters} meters", actions: [{ name: go-forward, args: { meters: "{meters}" } }] }
`,
  'test.yaml',
);
const config = (flags: Record<string, string>) =>
  loadConfig({ cwd: '/', flags, env: { OPENAI_API_KEY: 'sk-1' } });

describe('the actions that a language model may request', () => {
  it('are empty unless they are declared', () => {
    expect(toolsOf(config({}), dialog)).toEqual([]);
  });

  it('are those in llm.tools, with the arguments of the dialog', () => {
    const [tool, ...more] = toolsOf(config({ 'llm.tools': 'wave' }), dialog);
    expect(more).toEqual([]);
    expect(tool).toMatchObject({
      name: 'wave',
      parameters: { properties: { hand: { type: 'string' }, times: { type: 'number' } } },
    });
    expect(toolsOf(config({ 'llm.tools': '*' }), dialog).map(({ name }) => name)).toEqual([
      'wave',
      'go-forward',
    ]);
  });

  it('cannot be actions that the dialog lacks', () => {
    expect(() => toolsOf(config({ 'llm.tools': 'wave,dance' }), dialog)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/no action dance; it has wave, go-forward/),
      }),
    );
  });

  it('include those of the dialog only if the dialog engine answers', () => {
    const openai = { 'engines.llm': 'openai' };
    expect(offeredActions(config({}), dialog)).toEqual(['wave', 'go-forward']);
    expect(offeredActions(config({ 'engines.llm': 'openai,dialog' }), dialog)).toEqual([
      'wave',
      'go-forward',
    ]);
    expect(offeredActions(config(openai), dialog)).toEqual([]);
    expect(offeredActions(config({ ...openai, 'llm.tools': 'wave' }), dialog)).toEqual(['wave']);
  });

  it.each<[string, Record<string, string>, readonly string[] | undefined]>([
    ['none', {}, undefined],
    ['one', { 'llm.tools': 'wave' }, ['wave']],
  ])('go to the server as declared: %s', async (_what, flags, names) => {
    const server = await openaiServer({ chat: () => chatReply(['Hi.']) });
    const bus = inProcessBus();
    const all = config({ ...flags, 'engines.llm': 'openai', 'llm.openai.baseURL': server.baseURL });
    const engine = await makeEngine('llm', 'openai', all, dialog, { bus });
    const messages = [{ role: 'user' as const, content: 'hello' }];
    await outcomeOf(engine.reply({ messages, language: 'en', seed: 1 }, new AbortController().signal));
    const tools = names?.map((name) =>
      expect.objectContaining({ function: expect.objectContaining({ name }) }),
    );
    expect(server.requests[0]?.json).toEqual(
      tools ? expect.objectContaining({ tools }) : expect.not.objectContaining({ tools: expect.anything() }),
    );
    await engine.close();
    await server.close();
    await bus.drain();
  });
});
