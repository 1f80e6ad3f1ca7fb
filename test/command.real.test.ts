import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const command = new URL('../bin/parley.mjs', import.meta.url);
const [first = ''] = readFileSync(command, 'utf8').split('\n');
const flags = first.split(' ').filter((word) => word.startsWith('--'));

describe('the installed command', () => {
  it('runs Node with the same flags as npm start', () => {
    const { scripts } = z
      .object({ scripts: z.object({ start: z.string() }) })
      .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));
    expect(flags).not.toEqual([]);
    expect(scripts.start).toBe(`node ${flags.join(' ')} bin/parley.mjs serve`);
  });

  it('names flags that this Node knows', () => {
    const printed = execFileSync(process.execPath, [...flags, '-p', 'process.execArgv.join(" ")']);
    expect(printed.toString()).toContain(flags.join(' '));
  });
});
