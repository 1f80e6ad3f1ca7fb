import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SharedStore } from '../../actors/ports/shared-store.ts';
import { afterTest, folderOfFile } from '../../test/support/after-test.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { localShared } from './local.ts';
import { type NatsSharedOptions, natsShared } from './nats.ts';

let broker: NatsServer;
const folder = folderOfFile();
beforeAll(async () => {
  broker = await startNatsServer({ args: ['-js', '-sd', folder] });
});
afterAll(() => broker.stop());

/** The time that stores see, ms. */
let nowMs = 0;
beforeEach(() => {
  nowMs = 1_000_000;
});

async function overNats(options: Partial<NatsSharedOptions> = {}) {
  const shared = await natsShared({
    ...{ url: broker.url, replicas: 1, fileBytes: 1 << 20, nowMs: () => nowMs, onProblem: () => {} },
    ...options,
  });
  afterTest(() => shared.store.close());
  return shared;
}

const opened: readonly [string, () => Promise<SharedStore>][] = [
  ['localShared', async () => localShared(() => nowMs)],
  ['natsShared', async () => (await overNats()).store],
];

describe.each(opened)('%s', (name, open) => {
  it('gives back what was put, until it is deleted', async () => {
    const store = await open();
    const key = `tool_cache:${name}-1` as const;
    expect(await store.get(key)).toBeUndefined();
    await store.put(key, { text: 'NUL \u0000, 👋 and 你好' });
    await store.put(key, { text: 'second' });
    expect((await store.get(key))?.value).toEqual({ text: 'second' });
    await store.delete(key);
    expect(await store.get(key)).toBeUndefined();
    await store.delete(key);
  });

  it('forgets a value when its time is over', async () => {
    const store = await open();
    const key = `session:${name}-ttl` as const;
    await store.put(key, 1, 5_000);
    nowMs += 4_999;
    expect((await store.get(key))?.value).toBe(1);
    nowMs += 1;
    expect(await store.get(key)).toBeUndefined();
    expect(await store.keys('session')).not.toContain(key);
    expect(await store.swap(key, 2, 0)).toBe(true);
    expect((await store.get(key))?.value).toBe(2);
  });

  it('of several who swap the same revision one succeeds', async () => {
    const store = await open();
    const key = `session:${name}-swap` as const;
    const first = await Promise.all([1, 2, 3].map((value) => store.swap(key, value, 0)));
    expect(first.filter(Boolean)).toHaveLength(1);
    const revision = (await store.get(key))?.revision ?? 0;
    const second = await Promise.all([4, 5].map((value) => store.swap(key, value, revision)));
    expect(second.filter(Boolean)).toHaveLength(1);
    expect(await store.swap(key, 6, revision)).toBe(false);
    await store.delete(key);
    expect(await store.swap(key, 7, 0)).toBe(true);
  });

  it('lists and clears one area and leaves the others', async () => {
    const store = await open();
    await store.clear('tool_cache');
    await store.put(`tool_cache:${name}-a`, 1);
    await store.put(`tool_cache:${name}-b`, 2);
    await store.put(`control:${name}-c`, 3);
    expect((await store.keys('tool_cache')).toSorted()).toEqual([
      `tool_cache:${name}-a`,
      `tool_cache:${name}-b`,
    ]);
    await store.clear('tool_cache');
    expect(await store.keys('tool_cache')).toEqual([]);
    expect((await store.get(`control:${name}-c`))?.value).toBe(3);
  });

  it('notifies a watcher of what is there and each change', async () => {
    const store = await open();
    await store.clear('template');
    await store.put('template:en', { sorry: 'Pardon?' });
    const seen: unknown[] = [];
    const stop = store.watch('template', (key, value) => seen.push([key, value]));
    await expect.poll(() => seen).toContainEqual(['template:en', { sorry: 'Pardon?' }]);
    const before = seen.length;
    await store.put('template:de', 1);
    await store.delete('template:en');
    await store.put(`control:${name}`, 0);
    await expect.poll(() => seen.slice(before)).toHaveLength(2);
    expect(seen.slice(before)).toEqual([
      ['template:de', 1],
      ['template:en', undefined],
    ]);
    stop();
    await store.put('template:fr', 1);
    expect(seen).toHaveLength(before + 2);
  });
});

it('localShared keeps a bounded number of values', async () => {
  const store = localShared(() => nowMs);
  for (let i = 0; i <= 10_000; i++) await store.put(`control:${i}`, i);
  expect(await store.get('control:0')).toBeUndefined();
  expect((await store.get('control:1'))?.value).toBe(1);
});

describe('natsShared', () => {
  it('what one server writes another one finds, and only what is not private is on the broker’s disk', async () => {
    const [one, other] = [await overNats(), await overNats()];
    await one.store.put('session:shared', 'zebra in private');
    await one.store.put('template:shared', 'yak in public');
    await one.files.put('tune', Buffer.from('walrus'.repeat(100_000)));
    expect((await other.store.get('session:shared'))?.value).toBe('zebra in private');
    expect(Buffer.from((await other.files.get('tune')) ?? []).toString()).toBe('walrus'.repeat(100_000));
    expect([await other.files.has('tune'), await other.files.has('none')]).toEqual([true, false]);
    expect(await other.files.get('none')).toBeUndefined();
    expect(await filesWith('yak in public')).not.toEqual([]);
    expect(await filesWith('zebra')).toEqual([]);
  });

  it('the oldest files make room for new ones', async () => {
    const { files } = await overNats();
    for (let i = 0; i < 8; i++) await files.put(`file-${i}`, new Uint8Array(300_000).fill(i));
    expect(await files.has('file-0')).toBe(false);
    expect((await files.get('file-7'))?.[0]).toBe(7);
  });

  it('a bucket of other settings is brought to those of this server', async () => {
    const { store } = await overNats({ fileBytes: 2 << 20 });
    await store.put('control:kept', 1);
    const again = await overNats({ fileBytes: 3 << 20 });
    expect((await again.store.get('control:kept'))?.value).toBe(1);
    for (let i = 0; i < 7; i++) await again.files.put(`large-${i}`, new Uint8Array(300_000));
    expect(await again.files.has('large-0')).toBe(true);
  });

  it('without the broker it fails at once, and works when the broker is back; a watcher goes on', async () => {
    const { store } = await overNats();
    const seen: unknown[] = [];
    store.watch('control', (key, value) => seen.push([key, value]));
    await store.put('control:kill', 1);
    await expect.poll(() => seen).toContainEqual(['control:kill', 1]);
    await broker.kill();
    await expect.poll(() => store.get('control:kill').catch((error) => error.code)).toBe('BUS_UNREACHABLE');
    await broker.restart();
    await expect
      .poll(() => store.put('control:kill', 2).then(() => 'put', String), { timeout: 20_000 })
      .toBe('put');
    await expect.poll(() => seen).toContainEqual(['control:kill', 2]);
    expect(seen.filter((one) => JSON.stringify(one) === '["control:kill",1]')).toHaveLength(1);
  });
});

async function filesWith(words: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(path, 'latin1')).includes(words)) found.push(path);
  }
  return found;
}
