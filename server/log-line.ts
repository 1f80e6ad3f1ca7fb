import { z } from 'zod';
import { shownText } from './terminal.ts';

const entrySchema = z.looseObject({
  level: z.number(),
  time: z.number(),
  msg: z.string().default(''),
  err: z.looseObject({ message: z.string(), code: z.string().exactOptional() }).exactOptional(),
});

/** Pino's levels, with a terminal colour each. */
const LEVELS: Readonly<Record<number, readonly [name: string, colour: number]>> = {
  10: ['TRACE', 90],
  20: ['DEBUG', 90],
  30: ['INFO', 36],
  40: ['WARN', 33],
  50: ['ERROR', 31],
  60: ['FATAL', 31],
};

/** A JSON line of the log as a line for people: local time, level, message, code of the error, and the other fields. */
export function prettyLine(json: string, colours: boolean): string {
  const parsed = entrySchema.safeParse(JSON.parse(json));
  if (!parsed.success) return json;
  const { level, time, msg, err, code, ...fields } = parsed.data;
  const [name, colour] = LEVELS[level] ?? [String(level), 0];
  const paint = (text: string, with_: number) => (colours ? `\u001b[${with_}m${text}\u001b[0m` : text);
  const parts = [paint(clock(time), 90), paint(name.padEnd(5), colour), shownText(msg)];
  if (err && !msg.includes(err.message)) parts.push(`(${shownText(err.message)})`);
  const facts = {
    ...(err?.code !== undefined && { code: err.code }),
    ...(code !== undefined && { code }),
    ...fields,
  };
  for (const [key, value] of Object.entries(facts)) parts.push(paint(`${key}=${shown(value)}`, 90));
  return `${parts.join(' ')}\n`;
}

function clock(time: number): string {
  const at = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function shown(value: unknown): string {
  return shownText(typeof value === 'string' && !/[\s"=]/u.test(value) ? value : JSON.stringify(value));
}
