import { realClock } from '../../adapters/real-clock.ts';
import { scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';

/** Ten seconds. */
const STORY = 'It went on and on. '.repeat(25);

/** Engines that repeat what they are told, tell a long story, say what was said so far, or order an action. */
export const engines = {
  stt: scriptedStt(realClock, [{ text: 'hello', finalMs: 1 }]),
  llm: scriptedLlm(realClock, ({ messages }) => {
    const words = messages.at(-1)?.content ?? '';
    const [, order] = /^order (\S+)$/u.exec(words) ?? [];
    if (words === 'a long story') return { text: STORY };
    const text = `You said ${words}. That is what I have heard.`;
    if (words === 'what did I say?')
      return { text: messages.map(({ role, content }) => `${role}: ${content}`).join(' | ') };
    return order === undefined
      ? { text }
      : { text, actions: [{ type: 'action', id: order, name: 'drive', args: { order } }] };
  }),
  tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 20 })),
};
