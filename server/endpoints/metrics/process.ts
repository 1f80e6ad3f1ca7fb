import type { Registry } from 'prom-client';
import { readings } from './definitions.ts';

/** Metrics of this process from the operating system and Node. */
export function describeProcess(registry: Registry, version: string): void {
  const { total, level } = readings(registry);
  const startedAt = Date.now() / 1_000 - process.uptime();
  level('parley_build_info', 'Always 1; the label is the running version.', () => [[version, 1]], 'version');
  total('process_cpu_seconds_total', 'CPU time of all threads.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  level('process_resident_memory_bytes', 'Memory in use.', () => process.memoryUsage.rss());
  level('process_start_time_seconds', 'Start time of the process, in seconds since 1970.', () => startedAt);
  level(
    'nodejs_memory_bytes',
    'Memory of the JavaScript engine’s main thread.',
    () => {
      const { heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
      return Object.entries({ heapTotal, heapUsed, external, arrayBuffers });
    },
    'space',
  );
}
