import type { Dialog } from '../actors/dialog/mod.ts';
import type { StopSpotter } from '../actors/ports/stop-spotter.ts';
import { canSpot, soundswallowerSpotter } from '../adapters/spotter/soundswallower/soundswallower.ts';
import type { ParleyError } from '../machines/errors.ts';
import type { ServeOptions } from './serve.ts';

/**
 * The spotter of the voice-stop lane: that of `parts`, else the configured one. Undefined if it is turned off, if the dialog
 * has no stop phrase or is not English, or if `parts` replaces the recogniser and names no spotter.
 */
export function makeStopSpotter(
  { config: { voiceStop }, parts }: Pick<ServeOptions, 'config' | 'parts'>,
  dialog: Dialog,
  onDropped: ((samples: number) => void) | undefined,
  onCrash: (error: ParleyError) => void,
): StopSpotter | undefined {
  if (parts?.stopSpotter) return parts.stopSpotter;
  if (!voiceStop.enabled || parts?.engines?.stt || !canSpot(dialog)) return undefined;
  return soundswallowerSpotter({
    ...{ dialog, workers: voiceStop.workers, onCrash },
    ...(onDropped && { onDropped }),
  });
}
