import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Sockets } from '../testing/loopback/sockets.ts';
import { type StrayWatch, watchStrays } from '../testing/loopback/strays.ts';

/** Fails the tests of this file if an error stays uncaught. */
export function expectNoStrays(): void {
  let strays: StrayWatch;
  beforeAll(() => {
    strays = watchStrays();
  });
  afterAll(async () => {
    expect(await strays.end()).toEqual([]);
  });
}

/** Closes a test's engine and its loopback server after each test of this file; no connection may stay open, no error uncaught. */
export function closeAfterEach(
  parts: () => {
    readonly engine: { close(): Promise<void> } | undefined;
    readonly server: { readonly sockets: Sockets; close(): Promise<void> };
  },
): void {
  expectNoStrays();
  afterEach(async () => {
    const { engine, server } = parts();
    await engine?.close();
    await server.sockets.allClosed();
    await server.close();
  });
}
