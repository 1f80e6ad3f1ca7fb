import { ParleyError } from '../machines/errors.ts';
import { MIN_OPEN_FILES, openFileLimit } from './open-files.ts';
import { report } from './report.ts';

// A reader that has seen enough, as in `parley journal list | head`, is no error. 141 is what a shell reports of other
// programs that wrote to a closed pipe. Where messages to people cannot be written the work goes on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') report(new ParleyError('OUTPUT_FAILED', error.message, { cause: error }));
  process.exit(error.code === 'EPIPE' ? 141 : 1);
});
process.stderr.on('error', () => {});

const limit = openFileLimit();
if (limit !== undefined && limit < MIN_OPEN_FILES) {
  report(new ParleyError('TOO_FEW_FILES', `the limit is ${limit}, and ${MIN_OPEN_FILES} are needed`));
  process.exitCode = 1;
} else {
  // Only now: to load all modules takes more open files than a low limit allows.
  const { main } = await import('./cli.ts');
  process.exitCode = await main(process.argv.slice(2));
}
