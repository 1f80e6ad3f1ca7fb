import { ParleyError } from '../machines/errors.ts';
import { MIN_OPEN_FILES, openFileLimit } from './open-files.ts';
import { report } from './report.ts';

// A reader that closes the pipe early, as in `parley journal list | head`, is not an error. Shells report 141 for other
// programs that write to a closed pipe. If standard error is closed, the command continues.
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
  // Imported after the check: loading all modules opens more files than a low limit allows.
  const { main } = await import('./cli.ts');
  process.exitCode = await main(process.argv.slice(2));
}
