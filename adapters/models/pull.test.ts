import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer, type HttpStep } from '../../testing/loopback/http-script.ts';
import { removeModel, verifyModel } from './installed.ts';
import { type PullOptions, pullModel } from './pull.ts';
import {
  ARCHIVE,
  type Asked,
  atHalf,
  ETAG,
  full,
  HALF,
  half,
  PullRig,
  rest,
  SHA256,
  whole,
} from './pull-test-util.ts';
import { resolveModel } from './resolve.ts';
import { tarOf } from './tar-test-util.ts';

let rig: PullRig;

beforeEach(async () => {
  rig = await PullRig.open();
});

afterEach(() => rig.close());

const refused = (code: string) => ({ code });

const someRequest: Asked = {
  ...{ path: '', range: undefined, ifRange: undefined },
  outcome: Promise.resolve('answered'),
};

describe('pullModel', () => {
  it('fetches, checks and unpacks a model, and reports its progress', async () => {
    const steps: string[] = [];
    const result = await rig.pull(
      { bytes: ARCHIVE.length, sha256: SHA256 },
      { onProgress: ({ step }) => steps.at(-1) !== step && steps.push(step) },
    );
    expect(result).toEqual({ dir: join(rig.dir, 'small'), fetched: true });
    expect(steps).toEqual(['download', 'check', 'unpack']);
    expect(await readdir(join(rig.dir, 'small'))).toEqual(['model.onnx', 'parley-model.json', 'tokens.txt']);
    expect(await readdir(rig.dir)).toEqual(['small', 'small.lock.json']);
    const { description } = await resolveModel('small', rig.dir, []);
    expect(description).toEqual({
      ...{ kind: 'stt', type: 'transducer', languages: ['en'] },
      files: { model: 'model.onnx', tokens: 'tokens.txt' },
    });
  });

  it('asks for nothing if the model is there', async () => {
    await rig.pull();
    expect(await rig.pull()).toEqual({ dir: join(rig.dir, 'small'), fetched: false });
    expect(rig.server.requests.length).toBe(1);
  });

  it('continues a download that broke off', async () => {
    rig.script = [half(), rest];
    await rig.pull({ sha256: SHA256 }, rig.breakAtHalf());
    expect(rig.asked()).toEqual([
      [undefined, undefined],
      [`bytes=${HALF}-`, '"one"'],
    ]);
    expect(await verifyModel('small', rig.dir)).toEqual([]);
  });

  it('continues a download that stalled', async () => {
    rig.script = [half(), rest];
    await rig.pull({ sha256: SHA256 }, atHalf(rig.clock.stall));
    expect(await rig.server.requests[0]?.outcome).toBe('gone');
    expect(rig.asked()[1]).toEqual([`bytes=${HALF}-`, '"one"']);
  });

  it('continues in another run, also after an interruption', async () => {
    rig.script = [half(), rest];
    const stop = new AbortController();
    const interrupted = rig.pull({}, { signal: stop.signal, ...atHalf(() => stop.abort()) });
    await expect(interrupted).rejects.toMatchObject(refused('CANCELLED'));
    expect(await rig.names()).toEqual([]);
    await rig.pull({ sha256: SHA256 });
    expect(rig.asked()[1]).toEqual([`bytes=${HALF}-`, '"one"']);
    expect(await readdir(rig.dir)).toEqual(['small', 'small.lock.json']);
  });

  it('continues what a process left that was killed, not what another one does now', async () => {
    const left = (who: string) => join(rig.dir, `.pull-small@${who}@0`);
    const others = [`${hostname()}@${process.ppid}`, 'another-machine@1'];
    // Process ids are smaller on every system.
    for (const who of [`${hostname()}@2000000000`, ...others]) {
      await mkdir(left(who));
      await writeFile(join(left(who), 'archive'), ARCHIVE.subarray(0, HALF));
      const notes = { url: `${rig.server.baseURL}/small.tar`, validator: '"one"' };
      await writeFile(join(left(who), 'archive.json'), JSON.stringify(notes));
    }
    rig.script = [rest];
    await rig.pull({ sha256: SHA256 });
    expect(rig.asked()).toEqual([[`bytes=${HALF}-`, '"one"']]);
    const hidden = (await readdir(rig.dir)).filter((name) => name.startsWith('.'));
    expect(hidden.toSorted()).toEqual(others.map((who) => `.pull-small@${who}@0`).toSorted());
  });

  it('begins anew if the file changed, or the server does not say which file it is', async () => {
    for (const headers of [ETAG, { etag: 'W/"one"' }, {}]) {
      rig.script = [half(headers), whole];
      await rig.pull({ sha256: SHA256 }, rig.breakAtHalf());
      await removeModel('small', rig.dir);
    }
    // Only the first can be continued; that server says with status 200 that its file is another one.
    expect(rig.asked().map(([range]) => range)).toEqual([
      ...[undefined, `bytes=${HALF}-`],
      ...[undefined, undefined],
      ...[undefined, undefined],
    ]);
  });

  it('does not join what does not fit: another range than it asked for', async () => {
    const other = () => rest({ ...someRequest, range: 'bytes=9000-' });
    rig.script = [half(), other, whole];
    await rig.pull({ sha256: SHA256 }, rig.breakAtHalf());
    expect(rig.asked().map(([range]) => range)).toEqual([undefined, `bytes=${HALF}-`, undefined]);
  });

  it('needs no second download of a file that was complete before it was unpacked', async () => {
    await expect(rig.pull({ sha256: SHA256, files: { model: 'absent' } })).rejects.toMatchObject(
      refused('MODEL_ARCHIVE'),
    );
    const headers = { 'content-range': `bytes */${ARCHIVE.length}` };
    rig.script = [() => [{ do: 'head', status: 416, headers }, { do: 'end' }]];
    await rig.pull({ sha256: SHA256 });
    expect(rig.asked()[1]).toEqual([`bytes=${ARCHIVE.length}-`, '"one"']);
  });

  it('gives up after five attempts that bring nothing, and says why', async () => {
    rig.script = [() => [{ do: 'reset' }]];
    const error = rig.pull();
    await expect(error).rejects.toMatchObject(refused('MODEL_DOWNLOAD'));
    await expect(error).rejects.toThrow(/small\.tar: .+/u);
    expect(rig.server.requests.length).toBe(5);
    expect(await rig.names()).toEqual([]);
  });

  it('does not count attempts that bring it further', async () => {
    const step = 1_500;
    rig.script = [
      ({ range }) => {
        const from = Number(/\d+/u.exec(range ?? '0')?.[0]);
        const [head] = from === 0 ? whole() : rest({ ...someRequest, range: `bytes=${from}-` });
        return head ? [head, { do: 'send', bytes: ARCHIVE.subarray(from, from + step) }, { do: 'hang' }] : [];
      },
    ];
    const onProgress: PullOptions['onProgress'] = (progress) => {
      if (progress.step === 'download' && progress.bytes % step === 0 && progress.bytes > from)
        setImmediate(() => rig.server.sockets.destroyAll());
      if (progress.step === 'download') from = progress.bytes;
    };
    let from = 0;
    await rig.pull({ sha256: SHA256 }, { onProgress });
    expect(rig.server.requests.length).toBe(Math.ceil(ARCHIVE.length / step));
  });

  it('does not believe a length: more than there is, or less', async () => {
    const tooLong = { ...ETAG, 'content-length': String(ARCHIVE.length + 500) };
    rig.script = [
      () => [{ do: 'head', status: 200, headers: tooLong }, { do: 'send', bytes: ARCHIVE }, { do: 'close' }],
    ];
    await expect(rig.pull({ sha256: SHA256 })).rejects.toMatchObject(refused('MODEL_DOWNLOAD'));
    await expect(rig.pull({ bytes: ARCHIVE.length })).rejects.toMatchObject(refused('MODEL_CHECKSUM'));
    const short = `HTTP/1.1 200 OK\r\ncontent-length: ${HALF}\r\n\r\n`;
    rig.script = [
      () => [
        { do: 'raw', bytes: short },
        { do: 'raw', bytes: ARCHIVE.subarray(0, HALF + 700) },
        { do: 'close' },
      ],
    ];
    await expect(rig.pull({ sha256: SHA256 })).rejects.toMatchObject(refused('MODEL_CHECKSUM'));
    await expect(rig.pull()).rejects.toMatchObject(refused('MODEL_ARCHIVE'));
    expect(await rig.names()).toEqual([]);
  });

  it('refuses wrong bytes, and begins anew the next time', async () => {
    const wrong = Buffer.from(ARCHIVE);
    wrong[600] = 1;
    rig.script = [() => full(wrong), whole];
    const bytes = ARCHIVE.length;
    await expect(rig.pull({ bytes, sha256: SHA256 })).rejects.toMatchObject(refused('MODEL_CHECKSUM'));
    expect(await rig.names()).toEqual([]);
    await rig.pull({ bytes, sha256: SHA256 });
    expect(rig.asked()).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it('remembers what the first pull found, where the catalogue has no checksum', async () => {
    await rig.pull();
    await removeModel('small', rig.dir);
    expect(await rig.names()).toEqual(['small.lock.json']);
    const other = tarOf([
      { path: 'published/model.onnx', content: 'other' },
      { path: 'published/tokens.txt', content: 'a 0\n' },
    ]);
    rig.script = [() => full(other)];
    const error = rig.pull();
    await expect(error).rejects.toMatchObject(refused('MODEL_CHECKSUM'));
    await expect(error).rejects.toThrow('small.lock.json');
    await rm(join(rig.dir, 'small.lock.json'));
    await rig.pull();
    expect(await readFile(join(rig.dir, 'small', 'model.onnx'), 'utf8')).toBe('other');
  });

  it('follows redirects with the range, but not in circles or to another protocol', async () => {
    const to = (location: string) => (): HttpStep[] => [
      { do: 'head', status: 302, headers: { location } },
      { do: 'end' },
    ];
    rig.script = [to('/elsewhere?token=1'), half(), to('/elsewhere?token=2'), rest];
    await rig.pull({ sha256: SHA256 }, rig.breakAtHalf());
    expect(rig.server.requests.map(({ path, range }) => [path, range])).toEqual([
      ['/v1/small.tar', undefined],
      ['/elsewhere', undefined],
      ['/v1/small.tar', `bytes=${HALF}-`],
      ['/elsewhere', `bytes=${HALF}-`],
    ]);
    await removeModel('small', rig.dir);
    rig.script = [to('/circle')];
    await expect(rig.pull()).rejects.toThrow('more than 5 redirects');
    rig.script = [to('ftp://127.0.0.1/small.tar')];
    await expect(rig.pull()).rejects.toThrow('it redirects to ftp:');
  });

  it('asks the next source if one refuses or has another file', async () => {
    const sources = ['a', 'b', 'c'].map((name) => `${rig.server.baseURL}/${name}/small.tar`);
    rig.script = [() => answer(404, 'text/plain', 'no'), () => full(Buffer.from('another file')), whole];
    await rig.pull({ sources, sha256: SHA256 });
    expect(rig.server.requests.map(({ path }) => path)).toEqual([
      '/v1/a/small.tar',
      '/v1/b/small.tar',
      '/v1/c/small.tar',
    ]);
  });

  it('refuses what does not fit: on the disk, or by the limit', async () => {
    await expect(rig.pull({}, { freeBytes: async () => 5_000 })).rejects.toMatchObject(
      refused('MODEL_NO_ROOM'),
    );
    await expect(rig.pull({}, { maxBytes: 5_000 })).rejects.toMatchObject(refused('MODEL_NO_ROOM'));
    const unsaid = { ...ETAG, 'transfer-encoding': 'chunked' };
    rig.script = [() => [{ do: 'head', status: 200, headers: unsaid }, ...whole().slice(1)]];
    await expect(rig.pull({}, { maxBytes: 5_000 })).rejects.toMatchObject(refused('MODEL_NO_ROOM'));
    expect(await rig.names()).toEqual([]);
    await rig.pull({ sha256: SHA256 });
  });

  it('does not install an archive that leads out of its folder, or lacks a file', async () => {
    rig.script = [() => full(tarOf([{ path: 'm/../../../out', content: 'x' }]))];
    await expect(rig.pull()).rejects.toMatchObject(refused('MODEL_ARCHIVE'));
    rig.script = [() => full(tarOf([{ path: 'm/model.onnx', content: 'x' }]))];
    await expect(rig.pull()).rejects.toThrow('small lacks tokens.txt');
    const link = { path: 'm/tokens.txt', type: 'SymbolicLink' as const, linkpath: '/etc/passwd' };
    rig.script = [() => full(tarOf([{ path: 'm/model.onnx', content: 'x' }, link]))];
    await expect(rig.pull()).rejects.toThrow('small lacks tokens.txt');
    expect(await rig.names()).toEqual([]);
    // It does not keep what failed.
    rig.script = [whole];
    await rig.pull();
    expect(rig.asked()).toEqual(Array.from({ length: 4 }, () => [undefined, undefined]));
  });

  it('does no harm twice at once', async () => {
    const results = await Promise.all([rig.pull(), rig.pull(), rig.pull()]);
    expect(results.filter(({ fetched }) => fetched).length).toBe(1);
    expect(await readdir(rig.dir)).toEqual(['small', 'small.lock.json']);
    expect(await verifyModel('small', rig.dir)).toEqual([]);
  });

  it('takes archives from a folder or another address, offline', async () => {
    const stick = join(rig.dir, 'stick');
    await mkdir(stick);
    await expect(rig.pull({}, { from: stick })).rejects.toMatchObject(refused('MODEL_DOWNLOAD'));
    await writeFile(join(stick, 'small.tar'), ARCHIVE);
    await rig.pull({ sha256: SHA256 }, { from: stick });
    expect(rig.server.requests).toEqual([]);
    expect(await readdir(stick)).toEqual(['small.tar']);
    await removeModel('small', rig.dir);
    const sources = ['https://nowhere.invalid/published/small.tar'];
    await rig.pull({ sources, sha256: SHA256 }, { from: `${rig.server.baseURL}/mirror` });
    expect(rig.server.requests.map(({ path }) => path)).toEqual(['/v1/mirror/small.tar']);
  });

  it('takes a model that is a single file', async () => {
    rig.script = [() => full(Buffer.from('onnx'))];
    await rig.pull({ sources: [`${rig.server.baseURL}/one.onnx`], files: { model: 'one.onnx' } });
    expect(await readdir(join(rig.dir, 'small'))).toEqual(['one.onnx', 'parley-model.json']);
    expect(await verifyModel('small', rig.dir)).toEqual([]);
  });

  it('refuses a name that is not in the catalogue', async () => {
    const none = pullModel('other', {
      modelsDir: rig.dir,
      clock: rig.clock,
      maxBytes: 1,
      catalogue: [rig.model()],
    });
    await expect(none).rejects.toMatchObject(refused('MODEL_UNKNOWN'));
  });
});
