import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { get } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { afterTest, folderOfFile } from '../../test/support/after-test.ts';
import { makeCertificate, type TestCertificate } from '../../test/support/certificate.ts';
import { accessOf } from './access.ts';
import { readCertificate, watchCertificate } from './certificate.ts';
import { startRig } from './door-test-util.ts';
import { WebServer } from './web-server.ts';

const DAY_MS = 86_400_000;

const folder = folderOfFile();
let own: TestCertificate;
let other: TestCertificate;
beforeAll(() => {
  own = makeCertificate(folder, 'own');
  other = makeCertificate(folder, 'other');
  writeFileSync(join(folder, 'words.pem'), 'no PEM');
});

describe('a certificate', () => {
  it.each([
    ['one file without the other', () => ({ cert: own.cert }), 0, 'CONFIG_INVALID', /need each other/],
    ['a missing file', () => ({ ...own, key: '/no/key.pem' }), 0, 'TLS_UNREADABLE', /tls\.key: .*no\/key/],
    ['a key of another one', () => ({ ...own, key: other.key }), 0, 'TLS_INVALID', /is not the key of/],
    ['text', () => ({ ...own, cert: join(folder, 'words.pem') }), 0, 'TLS_INVALID', /tls\.cert: /],
    ['a certificate in place of a key', () => ({ ...own, key: own.cert }), 0, 'TLS_INVALID', /tls\.key: /],
    ['an expired one', () => own, 2 * DAY_MS, 'TLS_INVALID', /expired on/],
    ['one of tomorrow', () => own, -DAY_MS, 'TLS_INVALID', /not valid before/],
  ])('is refused with what to mend: %s', async (_what, files, afterMs, code, message) => {
    await expect(readCertificate(files(), Date.now() + afterMs)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('is not needed', async () => {
    expect(await readCertificate({})).toBeUndefined();
  });

  it('is read again when its files change, and a half of a change is an error', async () => {
    const files = { cert: join(folder, 'live.pem'), key: join(folder, 'live-key.pem') };
    copyFileSync(own.cert, files.cert);
    copyFileSync(own.key, files.key);
    const reads: Promise<unknown>[] = [];
    let onRead = () => {};
    const next = () =>
      new Promise<void>((resolve) => {
        onRead = resolve;
      });
    const stop = watchCertificate(
      files,
      (read) => {
        reads.push(read.catch((error: unknown) => error));
        onRead();
      },
      20,
    );
    // After the first look, which is in the same queue.
    for (let looks = 0; looks < 8; looks++) await stat(files.cert);
    const first = next();
    copyFileSync(other.cert, files.cert);
    await first;
    await reads[0];
    const second = next();
    copyFileSync(other.key, files.key);
    await second;
    stop();
    const [half, whole] = await Promise.all(reads);
    expect(half).toMatchObject({ code: 'TLS_INVALID' });
    expect(whole).toMatchObject({ key: expect.any(Buffer) });
  });
});

describe('a server with a certificate', () => {
  const secureWeb = async () => {
    const rig = await startRig();
    const lines: string[] = [];
    const line = (_fields: object, text: string) => lines.push(text);
    const web = new WebServer({
      ...{ endpoints: [], access: accessOf({}), limits: rig.door.limits, onRefused: () => {}, port: 0 },
      log: { info: line, warn: line },
      certificate: await readCertificate(own),
    });
    const { port } = await web.listen();
    afterTest(() => web.close());
    /** The certificate that a new connection gets. */
    const shown = async (trusted: TestCertificate) => {
      const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: trusted.ca });
      await once(socket, 'secureConnect');
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      return raw;
    };
    return { web, lines, shown };
  };

  it('answers over https: and wss:, and its address says so', async () => {
    const { address } = await startRig({ tls: own });
    expect(address.url).toMatch(/^https:/u);
    const [response] = await once(get(`${address.url}/healthz`, { ca: own.ca }), 'response');
    expect(response.statusCode).toBe(200);
    response.resume();
    expect(await sessionOver(address.url)).toMatchObject({ readyState: WebSocket.OPEN });
  });

  it('gives new connections a new certificate, and keeps the old one if the new is unusable', async () => {
    const { web, lines, shown } = await secureWeb();
    await web.renew(readCertificate({ ...own, key: other.key }));
    expect((await shown(own)).equals(new X509Certificate(own.ca).raw)).toBe(true);
    await web.renew(readCertificate(other));
    expect((await shown(other)).equals(new X509Certificate(other.ca).raw)).toBe(true);
    expect(lines).toEqual([expect.stringContaining('old one stays'), expect.stringContaining('read again')]);
  });

  it('keeps sessions while handshakes that never end are dropped', async () => {
    const { address, front } = await startRig({ tls: own });
    const session = await sessionOver(address.url);
    const silent = await Promise.all(
      Array.from({ length: 258 }, async () => {
        const socket = connectTcp(address.port, '127.0.0.1');
        await once(socket, 'connect');
        return socket.resume();
      }),
    );
    await once(silent[0] ?? session, 'close');
    expect(session.readyState).toBe(WebSocket.OPEN);
    const ended = Promise.all(silent.map((socket) => socket.closed || once(socket, 'close')));
    await front.close();
    await ended;
  });
});

/** A WebSocket to the native endpoint of this server. */
async function sessionOver(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/session`, 'parley.v1', { ca: own.ca });
  afterTest(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}
