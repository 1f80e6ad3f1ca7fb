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

it('a spoken conversation changes from Chinese to English to Japanese', async () => {
  const talk = await conversation({ language: 'zh', 'stt.soundswallower.together': 'zh,en,ja' });
  expect(turnOf(await talk.say('左转', 'cmn+m3'))).toEqual(['zh: 左转', 'does turn', '好的，向左转。']);
  expect(turnOf(await talk.say('turn left', 'en-us+m3'))).toEqual([
    'en: turn left',
    'does turn',
    'Turning left.',
  ]);
  expect(turnOf(await talk.say('ひだりにまがって', 'ja'))).toEqual([
    'ja: ひだりにまがって',
    'does turn',
    'ひだりに まがります。',
  ]);
  expect(talk.askedIn('tts')).toEqual(['zh', 'en', 'ja']);
  expect(talk.saidIn()).toEqual(['zh', 'en', 'ja']);
});
