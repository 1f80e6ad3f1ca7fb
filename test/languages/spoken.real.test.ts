import { expect, it } from 'vitest';
import type { ServerMessage } from '../../machines/wire.ts';
import { conversation } from './harness.ts';

/** What was understood, and what was heard of the reply. */
function turnOf(messages: readonly ServerMessage[]) {
  return messages.flatMap((message) => {
    if (message.type === 'transcript' && message.final) return [`${message.language}: ${message.text}`];
    if (message.type === 'action' && message.status === 'started') return [`does ${message.name}`];
    return message.type === 'reply.end' ? [message.heard] : [];
  });
}

it('a conversation in Chinese is spoken with the embedded engines', async () => {
  const talk = await conversation({ language: 'zh' });
  expect(turnOf(await talk.say('左转', 'cmn+m3'))).toEqual(['zh: 左转', 'does turn', '好的，向左转。']);
  expect(turnOf(await talk.say('再见', 'cmn+m3'))).toEqual(['zh: 再见', '再见！']);
  expect(talk.askedIn('stt')).toEqual(['zh', 'zh']);
});
