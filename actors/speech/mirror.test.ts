import { expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { ScriptedConversation } from '../../testing/scripted-speech.ts';
import { Mirror, type Wanted } from './mirror.ts';

const user = (text: string): Wanted => ({ type: 'message', role: 'user', text });
const assistant = (text: string): Wanted => ({ type: 'message', role: 'assistant', text });

it('what the user says while the model calls a tool is the last of the conversation, though its words are known late', async () => {
  const clock = new VirtualClock();
  const conversation = new ScriptedConversation(clock, () => {}, {
    ...{ hears: () => ({ text: 'and then' }), responds: () => ({}), sound: () => new Int16Array(0) },
  });
  let items = 0;
  const mirror = new Mirror(conversation, () => `parley_${++items}`, { wake: [], language: 'en' });
  mirror.settle([user('hello')]);
  conversation.known.push({ id: 'reply', item: assistant('Yes.'), msPerChar: 50 });
  mirror.said('reply', 'Yes.');
  // The user speaks during the reply, of which nothing is audible, and the model goes on with a call.
  conversation.commit();
  mirror.committed('item_1');
  const call = { type: 'call', callId: 'c', name: 'nod', args: {} } as const;
  conversation.known.push({ id: 'call', item: call });
  mirror.called('call', call, 'c', false);
  mirror.attach({ type: 'result', callId: 'c', result: { status: 'accepted' } });
  await clock.advance(100);
  mirror.heard('item_1', 'and then');
  mirror.cut('reply', 0);
  mirror.settle([user('hello'), assistant('Yes.'), user('and then')]);
  expect(conversation.messages).toEqual(['user: hello', 'assistant: Yes.', 'user: and then']);
  expect(conversation.complaints).toEqual([]);
});
