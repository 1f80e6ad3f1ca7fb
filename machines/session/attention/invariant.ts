import type { KernelEvent } from '../../kernel.ts';
import { wordsOf } from '../../policies/text.ts';
import type { AttentionState } from '../../wire.ts';
import { type MakeInvariant, publishedIn } from '../facts.ts';

/** A timer's time is rounded to microseconds. */
const ROUNDING_MS = 0.001;

/**
 * 25: while the robot sleeps, only a wake phrase (`wake`), words that may be for it (`addressed`), or what needs no speech
 * wakes it; the window after a turn closes in time.
 */
export const attentionInvariant: MakeInvariant = ({ facts, options, broken }) => {
  const { mode, wake, windowMs } = options.attention;
  const sleeps = mode === 'wake' || mode === 'addressed';
  let announced: AttentionState = 'awake';
  let toldAtMs = 0;
  /** Since the conversation last rested: the newest words of speech, or something else, are for the robot. */
  let spokenTo = false;
  let asked = false;

  const isForRobot = (event: KernelEvent & { type: 'xstate.done.actor.stt' }) => {
    const said = wordsOf(event.output.text, facts.language);
    if (mode === 'wake') return wake.some((phrase) => startsWith(said, wordsOf(phrase, facts.language)));
    const known = event.output.reading?.askBelow !== undefined;
    return said.length > 0 && (known || said.length <= MAX_WORDS);
  };

  return {
    observe(entry) {
      if (entry.type === 'event') {
        const { event, atMs } = entry;
        if (facts.state === 'idle') spokenTo = asked = false;
        if (event.type === 'xstate.done.actor.stt') spokenTo = isForRobot(event);
        // A result may have waited for the client to come back, or to want replies again.
        else if (['text', 'respond', 'back', 'settings'].includes(event.type)) asked = true;
        if (announced === 'window' && atMs > toldAtMs + windowMs + ROUNDING_MS)
          broken(25, `the window was open for ${atMs - toldAtMs} ms`, entry);
      }
      const message = publishedIn(entry);
      // Its end may be announced in a turn of its own.
      if (message?.type === 'action' && message.status !== 'started') asked = true;
      if (message?.type !== 'attention') return;
      if (!sleeps) broken(25, `a session that never sleeps is ${message.state}`, entry);
      if (announced === 'asleep' && message.state === 'window')
        broken(25, 'the window opened in sleep', entry);
      if (announced === 'asleep' && message.state === 'awake' && !spokenTo && !asked)
        broken(25, 'speech that is not for the robot woke it', entry);
      announced = message.state;
      toldAtMs = entry.atMs;
    },
    rest(entry) {
      if (sleeps && announced === 'asleep' && facts.reply !== null)
        broken(25, `generation ${facts.generation} began in sleep`, entry);
    },
  };
};

/** Words that the dialog does not know and that are more than this are not for the robot (`addressed`). */
const MAX_WORDS = 6;

function startsWith(said: readonly string[], phrase: readonly string[]): boolean {
  return phrase.length > 0 && phrase.every((word, i) => said[i] === word);
}
