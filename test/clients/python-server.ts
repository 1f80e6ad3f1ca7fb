import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWav } from '../../adapters/wav.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { PATIENT, parley } from '../support/processes.ts';
import { speak } from '../support/speech.ts';

/** A server as it is by default, and a folder with `question.wav`. */
export async function talking(question: string, args: readonly string[] = []) {
  const folder = await temporaryFolder();
  const server = parley(['serve', '--port', '0', '--data-dir', join(folder, 'data'), ...PATIENT, ...args]);
  afterTest(() => server.stop());
  const [, http = ''] = await server.line(/listens on (\S+)/u);
  const wav = join(folder, 'question.wav');
  writeFileSync(wav, writeWav(speak(question, { voice: 'en-us' })));
  return { url: http.replace('http', 'ws'), folder, wav };
}
