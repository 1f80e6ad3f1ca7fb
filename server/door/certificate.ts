import { createPrivateKey, X509Certificate } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ParleyError } from '../../machines/errors.ts';

/** How often the files are looked at, ms. */
const LOOK_MS = 5_000;

/** PEM files of `tls.cert` (with intermediate certificates, if any) and `tls.key`. */
export interface TlsFiles {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** A valid certificate with its key, as PEM. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * The certificate of these files; undefined without any. Rejects with CONFIG_INVALID if only one is given,
 * TLS_UNREADABLE if one cannot be read, TLS_INVALID if they do not belong together or the certificate is not valid now.
 */
export async function readCertificate(files: TlsFiles, nowMs = Date.now()): Promise<Certificate | undefined> {
  if (files.cert === undefined && files.key === undefined) return undefined;
  if (files.cert === undefined || files.key === undefined)
    throw new ParleyError('CONFIG_INVALID', 'tls.cert and tls.key need each other; give both or none');
  const [cert, key] = await Promise.all([read('tls.cert', files.cert), read('tls.key', files.key)]);
  const parsed = understood(`tls.cert: ${files.cert}`, () => new X509Certificate(cert));
  const privateKey = understood(`tls.key: ${files.key}`, () => createPrivateKey(key));
  if (!parsed.checkPrivateKey(privateKey))
    throw new ParleyError('TLS_INVALID', `${files.key} is not the key of ${files.cert}`);
  if (nowMs > Date.parse(parsed.validTo))
    throw new ParleyError('TLS_INVALID', `${files.cert} expired on ${parsed.validTo}`);
  if (nowMs < Date.parse(parsed.validFrom))
    throw new ParleyError('TLS_INVALID', `${files.cert} is not valid before ${parsed.validFrom}`);
  understood(`tls.cert: ${files.cert}`, () => createSecureContext({ cert, key }));
  return { cert, key };
}

/** Reads the files again whenever one changes, until the returned function is called. */
export function watchCertificate(
  files: TlsFiles,
  onRead: (read: Promise<Certificate | undefined>) => void,
  everyMs = LOOK_MS,
): () => void {
  const paths = [files.cert, files.key].flatMap((path) => path ?? []);
  const changed = () => onRead(readCertificate(files));
  // Polled: links and renamed files, as certificate managers leave them, are followed.
  for (const path of paths) watchFile(path, { interval: everyMs, persistent: false }, changed);
  return () => {
    for (const path of paths) unwatchFile(path, changed);
  };
}

async function read(key: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new ParleyError('TLS_UNREADABLE', `${key}: ${String(cause)}`, { cause });
  }
}

function understood<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new ParleyError('TLS_INVALID', `${what}: ${String(cause)}`, { cause });
  }
}
