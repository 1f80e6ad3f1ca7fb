/**
 * ms of the machine's monotonic clock, which is the same in every process, so that times of two processes can be
 * compared.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
