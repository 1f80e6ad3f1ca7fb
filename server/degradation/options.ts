import { z } from 'zod';
import { constant, count, group, key, ms } from '../../machines/options.ts';

const percent = (value: number, meaning: string) => key(z.int().min(1).max(1_000).default(value), meaning);

/** When a server does without something, to keep the audio of its sessions whole. */
export const overloadOptions = group({
  // Audio is sent at most 200 ms ahead. Half of it is left for the network.
  loopDelayMs: constant(
    count(
      100,
      'Lateness of timers, median of half a second, from which this process has too much to do; see docs/how-to/scale.md. `limits.loopDelayMs` refuses at once.',
    ),
  ),
  // Above it, the longest hundredth of the delays grows faster than the load.
  loopPercent: percent(
    80,
    'Share of time in which the event loop was busy from which it has too much to do; 1000 for never.',
  ),
  // Above it the threads of the detector and the engines wait for a core.
  cpuPercent: constant(
    percent(
      90,
      'CPU time of all threads of this process, as a share of the cores that it may use (those of the machine, or the quota of its cgroup), from which it has too much to do; 1000 for never.',
    ),
  ),
  // It doubles every 8 s while it is used, so a machine that carries more is filled within half a minute.
  firstPercent: constant(
    key(
      z.int().min(1).max(100).default(25),
      'Share of `limits.newSessions` that may begin at once before this process has measured what its sessions cost. It doubles every 8 s while it is used and the load stays below three quarters of the limits above, and what is left of it to them counts: at half of the load, half as many.',
    ),
  ),
  worseMs: ms(2_000, 'How long it must have too much to do before it does without the next thing.'),
  // Longer than `worseMs`, so that steps do not alternate.
  betterMs: ms(
    5_000,
    'How long it must have less than three quarters of that to do before it takes one back.',
  ),
});

export type OverloadOptions = z.output<typeof overloadOptions>;
