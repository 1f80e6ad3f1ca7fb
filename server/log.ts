import { isatty } from 'node:tty';
import { type Logger, pino } from 'pino';
import { prettyLine } from './log-line.ts';

export type { Logger } from 'pino';

export type LogFormat = 'auto' | 'pretty' | 'json';

const STDERR = 2;

/** Logs to standard error; standard output is for a command's results. `json`: a line of JSON each; `pretty`: a line for
 * people; `auto`: pretty on a terminal, JSON elsewhere. `fieldsFor`: fields to add to a line, from those it has.
 */
export function makeLogger(
  level: string,
  format: LogFormat = 'auto',
  fieldsFor: (line: object) => object = () => ({}),
): Logger {
  const options = { level, base: null, mixin: fieldsFor };
  const terminal = isatty(STDERR);
  const destination = pino.destination({ fd: STDERR, sync: false });
  if (format === 'json' || (format === 'auto' && !terminal)) return pino(options, destination);
  const colours = terminal && !process.env.NO_COLOR;
  return pino(options, { write: (line: string) => void destination.write(prettyLine(line, colours)) });
}
