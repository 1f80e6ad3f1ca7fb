import { joinedSamples, msOfSamples } from '../../machines/audio.ts';
import type { Clock } from '../../machines/clock.ts';
import type { TtsEvent } from '../ports/tts.ts';

/** Maximum size of a gathered piece. */
const MOST_MS = 400;
/** Hold back at most this share of the audio that is still to be played; the rest covers for late pieces. */
const SHARE = 0.5;

/**
 * Merges speech into larger pieces where the engine is faster than playback, because each piece has the same cost. The
 * first piece passes at once. Later ones are held back at most until half of the audio passed on has been played, so
 * nothing waits for them. When the engine ends or fails, all held audio is passed on.
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
        // A mark comes after the audio that preceded it.
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
      // Copied, because the engine may reuse its buffer.
      held.push(keep ? samples.slice() : samples);
      if (!keep) yield* release();
    }
  } catch (thrown) {
    yield* release();
    throw thrown;
  }
  yield* release();
}
