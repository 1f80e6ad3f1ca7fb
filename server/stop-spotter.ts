import { type Dialog, haltPhrases } from '../actors/dialog/mod.ts';
import type { StopSpotter } from '../actors/ports/stop-spotter.ts';
import { configuredModel } from '../adapters/sherpa/configured.ts';
import { sherpaSpotter } from '../adapters/spotter/sherpa/sherpa.ts';
import { canSpot, soundswallowerSpotter } from '../adapters/spotter/soundswallower/soundswallower.ts';
import type { ParleyError } from '../machines/errors.ts';
import type { ServeOptions } from './serve-options.ts';

/**
 * The spotter of the voice-stop lane: that of `parts`, else the configured one. Undefined if it is turned off, if the dialog
 * has no stop phrase or (for `soundswallower`) is not English, or if `parts` replaces the recogniser and names no spotter. Rejects
 * with CONFIG_INVALID or MODEL_….
 */
export async function makeStopSpotter(
  { config: { models, voiceStop }, parts }: Pick<ServeOptions, 'config' | 'parts'>,
  dialog: Dialog,
  onDropped: ((samples: number) => void) | undefined,
  onCrash: (error: ParleyError) => void,
): Promise<StopSpotter | undefined> {
  if (parts?.stopSpotter) return parts.stopSpotter;
  if (voiceStop.listen === 'never' || parts?.engines?.stt) return undefined;
  const options = { dialog, when: voiceStop.listen, onCrash, ...(onDropped && { onDropped }) };
  if (voiceStop.model === undefined)
    return canSpot(dialog)
      ? soundswallowerSpotter({ ...options, workers: voiceStop.workers, word: voiceStop.word })
      : undefined;
  if (haltPhrases(dialog).length === 0) return undefined;
  const { model } = await configuredModel(voiceStop.model, models.dir, false);
  return sherpaSpotter({ ...options, model });
}
