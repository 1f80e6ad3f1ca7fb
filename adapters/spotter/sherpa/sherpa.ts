import type { Dialog } from '../../../actors/dialog/mod.ts';
import type { StopSpotter } from '../../../actors/ports/stop-spotter.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { SHERPA_PACKAGE } from '../../sherpa/library.ts';
import type { SherpaModel } from '../../sherpa/model-folder.ts';
import { readPieces, spell } from '../../sherpa/pieces.ts';
import type { PoolThread } from '../../thread-pool.ts';
import { startWorkerProcess } from '../../worker-process.ts';
import { stopPhrases } from '../phrases.ts';
import { type SpotterOptions, threadSpotter } from '../thread-spotter.ts';
import type { WorkerData } from './protocol.ts';

export interface SherpaSpotterOptions extends SpotterOptions {
  /** Its `halt` entries are the stop phrases. */
  readonly dialog: Dialog;
  /** A spotter of keywords, or another streaming transducer. */
  readonly model: SherpaModel;
  /** Stretches that are heard in parallel. Default 16. */
  readonly stretches?: number;
  /** Bonus of a phrase, in log probability. Default 1.5. */
  readonly score?: number;
  /** Probability from which a phrase counts as heard. Default 0.25, sherpa-onnx's own. */
  readonly threshold?: number;
  /** For tests that need access to the process. */
  readonly startProcess?: (data: WorkerData) => PoolThread;
}

/**
 * The stop phrases of a dialog, spotted by sherpa-onnx in a process of its own. Rejects with CONFIG_INVALID if the model is not a
 * transducer, or cannot spell a phrase.
 */
export async function sherpaSpotter(options: SherpaSpotterOptions): Promise<StopSpotter> {
  const { dialog, model, stretches = 16, score = 1.5, threshold = 0.25 } = options;
  const { encoder, decoder, joiner, tokens, bpeModel } = model.files;
  if (encoder === undefined || decoder === undefined || joiner === undefined || tokens === undefined)
    throw new ParleyError('CONFIG_INVALID', `voiceStop: a ${model.type} model spots no keywords`);
  const pieces = await readPieces(tokens, bpeModel);
  const phrases = stopPhrases(dialog).map((phrase) => {
    const spelling = spell(phrase, pieces);
    if (!spelling) throw new ParleyError('CONFIG_INVALID', `voiceStop: the model cannot spell "${phrase}"`);
    return { phrase, pieces: [...spelling] };
  });
  const data: WorkerData = { encoder, decoder, joiner, tokens, phrases, score, threshold };
  const start = options.startProcess ?? ((given) => startWorkerProcess(import.meta.url, 'worker', given));
  return threadSpotter(
    {
      ...{ name: 'sherpa', phrases: phrases.map(({ phrase }) => phrase), threads: 1, stretches },
      ...{ start: () => start(data), install: `npm install ${SHERPA_PACKAGE}` },
    },
    options,
  );
}
