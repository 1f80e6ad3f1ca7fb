import { joinedSamples, msOfSamples } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import type { TtsEvent } from '../ports/tts.ts';

/** No piece is gathered to more than this. */
const MOST_MS = 400;
/** Of what the listener has in hand beyond the moment, so much may be held back: the other half covers for what comes late. */
const SHARE = 0.5;

/**
 * Speech in larger pieces where it is made faster than it is played: each piece costs the same, however long it is. The
 * first passes at once, and later ones are held back only as long as half of what has been passed on is still to be
 * played: nobody waits for them. An engine that stops in the midst of it, well or ill, has all it made passed on.
 */
export async function* gatheredSpeech(
  events: AsyncIterable<TtsEvent>,
  clock: Clock,
): AsyncGenerator<TtsEvent, void, void> {
  let startMs: number | undefined;
  let madeMs = 0;
  let held: Int16Array[] = [];
  let heldMs = 0;
  let rate = 0;

  function* release(): Generator<TtsEvent> {
    if (held.length > 0) yield { type: 'audio', pcm: { rate, samples: joinedSamples(held) } };
    held = [];
    heldMs = 0;
  }

  try {
    for await (const event of events) {
      if (event.type !== 'audio') {
        // A mark is told behind the audio that came before it.
        yield* release();
        yield event;
        continue;
      }
      if (event.pcm.rate !== rate) yield* release();
      ({ rate } = event.pcm);
      const { samples } = event.pcm;
      const ms = msOfSamples(samples.length, rate);
      const nowMs = clock.nowMs();
      startMs ??= nowMs;
      madeMs += ms;
      const aheadMs = madeMs - (nowMs - startMs);
      heldMs += ms;
      const keep = heldMs < Math.min(MOST_MS, SHARE * aheadMs);
      // A copy: who made it may use its buffer again.
      held.push(keep ? samples.slice() : samples);
      if (!keep) yield* release();
    }
  } catch (thrown) {
    yield* release();
    throw thrown;
  }
  yield* release();
}
