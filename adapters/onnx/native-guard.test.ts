import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { GUARD_BYTES, NativeGuard } from './native-guard.ts';

/** Both sides of a guard, in one thread. */
function guard() {
  const memory = new SharedArrayBuffer(GUARD_BYTES);
  return { thread: new NativeGuard(memory), main: new NativeGuard(memory), clock: new VirtualClock() };
}

describe('the guard of native code', () => {
  it('reports that the thread has left it at the end of the call, and lets it in no more', async () => {
    const { thread, main, clock } = guard();
    const log: string[] = [];
    let finish = () => {};
    const call = thread.within(() => new Promise<void>((resolve) => (finish = resolve)));
    const left = main.left(clock).then((isOut) => log.push(`left ${isOut}`));
    await clock.advance(20);
    log.push('finish');
    finish();
    await call;
    await clock.advance(5);
    await left;
    void thread.within(async () => log.push('entered'));
    await clock.advance(5);
    expect(log).toEqual(['finish', 'left true']);
  });

  it('gives up a thread that stays in native code', async () => {
    const { thread, main, clock } = guard();
    void thread.within(() => new Promise(() => {}));
    const left = main.left(clock);
    await clock.advance(5_000);
    expect(await left).toBe(false);
  });
});
