import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Structured logs on standard error; standard output is for what a command prints. */
export function makeLogger(level: string): Logger {
  return pino({ level, base: null }, pino.destination({ fd: 2, sync: false }));
}
