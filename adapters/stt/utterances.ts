import { AsyncQueue } from '../../actors/async-queue.ts';
import { cancelled, throwIfAborted } from '../../actors/cancellation.ts';
import type { SttEvent } from '../../actors/ports/stt.ts';
import { msOfSamples, type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Listener, UtterancePool } from './utterance-pool.ts';
import type { GrammarNow } from './utterance-protocol.ts';

/**
 * One utterance, heard by a decoder of `pool`. Speech of more than `maxUtteranceMs` is rejected as `too-long` at its end, and not decoded
 * further. `grammar`: what can be said in it.
 */
export async function* transcribe(
  pool: UtterancePool,
  audio: AsyncIterable<Pcm<PipelineRate>>,
  maxUtteranceMs: number,
  signal: AbortSignal,
  grammar?: GrammarNow,
): AsyncGenerator<SttEvent> {
  throwIfAborted(signal);
  // A slow reader needs only the newest partial.
  const events = new AsyncQueue<SttEvent>((last, next) => (last.type === 'partial' ? next : undefined));
  const listener: Listener = {
    onPartial: (partial) => events.push({ type: 'partial', ...partial }),
    onEnd: (result) => (result instanceof ParleyError ? events.abort(result) : events.push(result)),
  };
  const utterance = pool.open(listener, grammar);
  const onAbort = () => events.abort(cancelled(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const source = audio[Symbol.asyncIterator]();
  let over = false;
  const feed = async () => {
    for (let samples = 0; ; ) {
      const next = await source.next();
      if (over) return;
      // The end of the audio is awaited, so that the final does not arrive before the end of the utterance.
      const tooLong = msOfSamples(samples, PIPELINE_RATE) > maxUtteranceMs;
      if (next.done && tooLong) return events.push(TOO_LONG);
      if (next.done) return pool.end(utterance);
      samples += next.value.samples.length;
      if (msOfSamples(samples, PIPELINE_RATE) > maxUtteranceMs) pool.abort(utterance);
      else pool.push(utterance, next.value.samples);
    }
  };
  feed().catch((cause: unknown) => {
    events.abort(new ParleyError('STT_FAILED', 'the audio stream failed', { cause }));
  });
  try {
    for await (const event of events) {
      yield event;
      if (event.type === 'final') return;
    }
  } finally {
    over = true;
    signal.removeEventListener('abort', onAbort);
    pool.abort(utterance);
    // The source may wait for audio that never arrives: it is closed but not awaited.
    source.return?.()?.catch(() => {});
  }
}

const TOO_LONG: SttEvent = {
  type: 'final',
  text: '',
  rejected: { nearest: '', confidence: 0, reason: 'too-long' },
};
