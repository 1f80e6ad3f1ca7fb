import { expect, it } from 'vitest';
import { openaiLlm } from '../../adapters/llm/openai/openai.ts';
import { startTestServer, User } from '../../server/endpoints/inspect/inspect-test-util.ts';
import { chatReply } from '../../testing/loopback/openai-replies.ts';
import { openaiServer } from '../../testing/loopback/openai-server.ts';
import { afterTest } from '../support/after-test.ts';

it.each([
  { how: 'in pieces of 1 kB', long: Array.from({ length: 4_000 }, () => 'word '.repeat(200)) },
  { how: 'in pieces of 100 kB', long: Array.from({ length: 40 }, () => 'word '.repeat(20_000)) },
  { how: 'without a space', long: Array.from({ length: 40 }, () => 'x'.repeat(100_000)) },
])('a reply of 4 MB $how ends at limits.replyChars, and the next one is answered', async ({ long }) => {
  let asked = 0;
  const model = await openaiServer({ chat: () => chatReply(asked++ === 0 ? long : ['Short.']) });
  afterTest(() => model.close());
  const llm = openaiLlm({ baseURL: model.baseURL, model: 'm' });
  const server = await startTestServer({ 'limits.replyChars': 100 }, llm);
  const user = await User.connect(server.url);
  await user.ask('tell me everything');
  await user.ask('and now?');
  const texts = new Map<number, string>();
  const ends: string[] = [];
  for (const { message } of user.client.arrivals) {
    if (message.type === 'reply')
      texts.set(message.turn, `${texts.get(message.turn) ?? ''} ${message.text}`.trim());
    if (message.type === 'reply.end') ends.push(message.reason);
  }
  const [first = '', second] = [...texts.values()];
  expect(ends).toEqual(['completed', 'completed']);
  expect(first.length).toBeGreaterThan(90);
  expect(first.length).toBeLessThanOrEqual(100);
  expect(second).toBe('Short.');
});
