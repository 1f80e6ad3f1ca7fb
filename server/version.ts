import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** The version in package.json, one level above the sources and two above the compiled output. */
export function packageVersion(): string {
  const url = ['../package.json', '../../package.json']
    .map((path) => new URL(path, import.meta.url))
    .find((candidate) => existsSync(candidate));
  return url
    ? z.object({ version: z.string() }).parse(JSON.parse(readFileSync(url, 'utf8'))).version
    : 'unknown';
}
