import { realClock } from '../../../adapters/real-clock.ts';
import { scriptedLlm, scriptedStt, scriptedTts } from '../../../testing/scripted-engines.ts';

const REPLY =
  'I see a long table and two chairs by the window. There is a cup on the table, and it looks quite empty to me.';

/** Engines of a conversation in which only Parley itself costs anything: STT 50 ms, LLM 100 ms then 20 ms a word, TTS 50 ms. */
export function scriptedTalk() {
  return {
    stt: scriptedStt(realClock, [{ partial: 'tell me', text: 'tell me what you see' }]),
    llm: scriptedLlm(realClock, () => ({ text: REPLY })),
    tts: scriptedTts(realClock),
  };
}

/** Flags of a server that limits none of these sessions. */
export function unlimited(sessions: number): Readonly<Record<string, string>> {
  return {
    'limits.sessions': String(sessions + 1),
    'limits.connections-per-address': String(sessions + 2),
    'limits.waiting-requests': String(sessions + 2),
    'limits.new-sessions': '100000',
    'overload.worse-ms': '3600000',
  };
}
