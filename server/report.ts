import { ADVICE } from '../machines/advice.ts';
import { ParleyError } from '../machines/errors.ts';

/** Prints an error and what to do about it to standard error. Only an unexpected error shows its stack. */
export function report(error: unknown): void {
  const known = error instanceof ParleyError ? error : knownCause(error);
  if (known)
    console.error(`parley: ${known.message}\n  code: ${known.code}\n  what to do: ${ADVICE[known.code]}`);
  else console.error('parley: this is a defect, please report it:', error);
}

/** System errors, such as a full disk, that can occur anywhere. */
function knownCause(error: unknown): ParleyError | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EMFILE' || code === 'ENFILE')
    return new ParleyError('TOO_FEW_FILES', error.message, { cause: error });
  return knownCause(error.cause);
}
