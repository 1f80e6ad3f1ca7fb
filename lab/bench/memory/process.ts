import { readFileSync } from 'node:fs';

/** Memory of a process, in bytes. */
export interface ProcessMemory {
  readonly resident: number;
  /** The most that was resident since the start. */
  readonly peak: number;
  /** Pages that several processes map count in parts. */
  readonly proportional: number;
  /** Without a file: heaps, buffers, stacks. */
  readonly anonymous: number;
  readonly threads: number;
}

/** Reads /proc; Linux only. */
export function processMemory(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return {
    resident: field(rollup, 'Rss') * 1_024,
    peak: field(status, 'VmHWM') * 1_024,
    proportional: field(rollup, 'Pss') * 1_024,
    anonymous: field(rollup, 'Anonymous') * 1_024,
    threads: field(status, 'Threads'),
  };
}

/** Resident bytes of each mapping: of a file by its name, of memory without one by its size. */
export function mappings(pid: number): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  const entries = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/mu);
  for (const entry of entries) {
    const [head = ''] = entry.split('\n', 1);
    const file = head.split(/ +/u).slice(5).join(' ');
    const size = field(entry, 'Size');
    const name = file || (size <= PAGE_KB ? 'pages of V8 (256 kB)' : 'other memory without a file');
    sums.set(name, (sums.get(name) ?? 0) + field(entry, 'Rss') * 1_024);
  }
  return sums;
}

/** V8's pages are 256 kB, with guards around pages of code. */
const PAGE_KB = 300;

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'mu').exec(text)?.[1] ?? 0);
}
