import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import { loadSherpa } from '../../sherpa/library.ts';
import { waveOf } from '../../sherpa/wave.ts';
import { workerProcess } from '../../worker-process.ts';
import { denoiserModelSchema, loadDenoiser } from './model.ts';

/** A process that tries a model, and says what it is; a broken model ends it. */
const port = workerProcess();
const sherpa = loadSherpa();
if (!sherpa) port.send({ type: 'missing' });
else {
  const denoiser = loadDenoiser(sherpa, denoiserModelSchema.parse(port.data));
  const silence = waveOf(new Int16Array(samplesInMs(200, PIPELINE_RATE)));
  denoiser.run({ ...silence, enableExternalBuffer: false });
  port.send({ type: 'works', rate: denoiser.sampleRate });
}
