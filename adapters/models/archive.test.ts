import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpack } from './archive.ts';
import { BZIP2_ARCHIVE, type TarEntry, tarOf } from './tar-test-util.ts';

let dir: string;
let into: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parley-archive-'));
  into = join(dir, 'into');
  await mkdir(into);
});

afterEach(() => rm(dir, { recursive: true }));

async function unpacked(bytes: Uint8Array, maxBytes = 1_000_000) {
  const archive = join(dir, 'archive');
  await writeFile(archive, bytes);
  return unpack(archive, into, { maxBytes });
}

/** Every path below the temporary folder, but for the archive itself. */
async function written(): Promise<readonly string[]> {
  return (await readdir(dir, { recursive: true })).filter((path) => path !== 'archive').toSorted();
}

describe('unpack', () => {
  it('unpacks tar, tar.gz and tar.bz2 by their content, and says what was in them', async () => {
    const entries = [
      { path: 'm/tokens.txt', content: 'a 0\nb 1\n' },
      { path: 'm/model.onnx', content: 'weights'.repeat(3) },
    ];
    for (const bytes of [tarOf(entries), gzipSync(tarOf(entries)), BZIP2_ARCHIVE]) {
      await rm(into, { recursive: true });
      await mkdir(into);
      const files = await unpacked(bytes);
      expect(files.map(({ path, bytes }) => [path, bytes])).toEqual([
        ['m/tokens.txt', 8],
        ['m/model.onnx', 21],
      ]);
      expect(files[0]?.sha256).toBe('04d28984b34766960bdffa9cc6b8569f95ea1f799d5979883e118ffbd4f3044d');
      expect(await readFile(join(into, 'm/model.onnx'), 'utf8')).toBe('weights'.repeat(3));
    }
  });

  it('unpacks files larger than a block, whatever their length', async () => {
    const sizes = [0, 1, 511, 512, 513, 70_000, 200_000];
    const entries = sizes.map((size) => ({ path: `f${size}`, content: 'x'.repeat(size) }));
    const files = await unpacked(tarOf(entries));
    expect(files.map(({ bytes }) => bytes)).toEqual(sizes);
    for (const size of sizes) expect((await readFile(join(into, `f${size}`))).length).toBe(size);
  });

  it.each(['../out', 'a/../../out', '/tmp/out', 'a\\..\\..\\out', 'C:/out', '..'])(
    'refuses the path %s and writes nothing outside of the folder',
    async (path) => {
      const entries = [
        { path: 'ok', content: 'ok' },
        { path, content: 'bad' },
      ];
      await expect(unpacked(tarOf(entries))).rejects.toMatchObject({ code: 'MODEL_ARCHIVE' });
      expect(await written()).toEqual(['into', 'into/ok']);
    },
  );

  it('makes no links or devices, so that nothing is written through one', async () => {
    const outside = join(dir, 'outside');
    await mkdir(outside);
    const entries: TarEntry[] = [
      { path: 'link', type: 'SymbolicLink', linkpath: outside },
      { path: 'link/file', content: 'x' },
      { path: 'hard', type: 'Link', linkpath: 'link/file' },
      { path: 'device', type: 'CharacterDevice' },
    ];
    expect((await unpacked(tarOf(entries))).map(({ path }) => path)).toEqual(['link/file']);
    expect(await written()).toEqual(['into', 'into/link', 'into/link/file', 'outside']);
  });

  it('refuses a file that is there twice', async () => {
    const entries = [
      { path: 'a', content: '1' },
      { path: './a', content: '2' },
    ];
    await expect(unpacked(tarOf(entries))).rejects.toMatchObject({ code: 'MODEL_ARCHIVE' });
    expect(await readFile(join(into, 'a'), 'utf8')).toBe('1');
  });

  it('refuses more than its limit before it writes it', async () => {
    const entries = [
      { path: 'a', content: 'x'.repeat(60) },
      { path: 'b', content: 'x'.repeat(60) },
    ];
    await expect(unpacked(tarOf(entries), 100)).rejects.toMatchObject({ code: 'MODEL_NO_ROOM' });
    expect(await written()).toEqual(['into', 'into/a']);
  });

  it('refuses what is cut off, altered, or no archive', async () => {
    const altered = Buffer.from(BZIP2_ARCHIVE);
    altered[60] = (altered[60] ?? 0) ^ 0x10;
    const entries = [{ path: 'a', content: 'x'.repeat(600) }];
    for (const bytes of [
      BZIP2_ARCHIVE.subarray(0, 100),
      altered,
      tarOf(entries).subarray(0, 700),
      gzipSync(tarOf(entries)).subarray(0, 60),
      Buffer.from('<html>404</html>'.repeat(100)),
      Buffer.alloc(0),
      tarOf([]),
    ]) {
      await rm(into, { recursive: true });
      await mkdir(into);
      await expect(unpacked(bytes)).rejects.toMatchObject({ code: 'MODEL_ARCHIVE' });
    }
  });
});
