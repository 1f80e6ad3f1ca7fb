import { randomUUID } from 'node:crypto';

export interface UploadedFile {
  readonly field: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** A body of `multipart/form-data` (RFC 7578) and its content type. */
export interface MultipartBody {
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Encodes text fields and one file in one buffer; a list is a field for each of its values. The platform's `FormData` uses streams and blobs, which takes longer than the upload itself. Names must not contain quotes or line ends.
 */
export function multipartBody(
  fields: Readonly<Record<string, string | readonly string[]>>,
  file: UploadedFile,
): MultipartBody {
  const boundary = `parley-${randomUUID()}`;
  const parts = Object.entries(fields).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, value] as const),
  );
  const texts = parts.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const before = `${texts.join('')}--${boundary}\r\nContent-Disposition: form-data; name="${file.field}"; filename="${file.name}"\r\nContent-Type: ${file.type}\r\n\r\n`;
  const head = Buffer.from(before);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const bytes = new Uint8Array(head.byteLength + file.bytes.byteLength + tail.byteLength);
  bytes.set(head);
  bytes.set(file.bytes, head.byteLength);
  bytes.set(tail, head.byteLength + file.bytes.byteLength);
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes };
}
