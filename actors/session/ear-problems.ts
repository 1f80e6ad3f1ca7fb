import type { ParleyError } from '../../machines/errors.ts';
import type { SessionMessage } from '../../machines/wire.ts';

/** Reports what the ear finds to the operator, and to the client what the client can mend. */
export function earProblems(
  onProblem: (error: Error) => void,
  publish: (message: SessionMessage) => void,
): (error: ParleyError) => void {
  return (error) => {
    onProblem(error);
    const { code, message } = error;
    if (code === 'ECHO_NOT_CANCELLED') publish({ type: 'error', code, message, fatal: false });
  };
}
