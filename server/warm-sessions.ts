import { inProcessBus } from '../adapters/bus/in-process.ts';
import { VirtualClock } from '../machines/clock.ts';

const WORDS = 'tell me what you see';
const REPLY = 'I see a long table and two chairs by the window. There is a cup on it.';
/** A turn: the user speaks, and hears the reply. */
const [SPEECH_MS, REST_MS] = [600, 2_500];

/**
 * Has short conversations on virtual time with scripted engines, so that the code of a turn is compiled when the first client
 * speaks: session, children, bus, playback. Nothing of them is stored or leaves the process. Stops early when `isWanted` returns
 * false. Returns how many there were.
 */
export async function warmSessions(turns: number, isWanted: () => boolean): Promise<number> {
  if (turns === 0) return 0;
  const [{ Conversation }, { scriptedLlm, scriptedStt, scriptedTts }, { speexResampler }] = await Promise.all(
    [
      import('../testing/conversation.ts'),
      import('../testing/scripted-engines.ts'),
      import('../adapters/audio/resampler.ts'),
    ],
  );
  const resamplers = await speexResampler();
  for (let turn = 0; turn < turns; turn++) {
    if (!isWanted()) return turn;
    const clock = new VirtualClock();
    const conversation = new Conversation({
      ...{ bus: inProcessBus({ clock }), clock, resamplers },
      stt: scriptedStt(clock, [{ text: WORDS }]),
      llm: scriptedLlm(clock, () => ({ text: REPLY })),
      tts: scriptedTts(clock),
    });
    await conversation.speak(SPEECH_MS);
    await conversation.beSilent(REST_MS);
    await conversation.end();
  }
  return turns;
}
