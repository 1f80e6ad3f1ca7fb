import { Header } from 'tar';

/** An entry of a tar file, as no careful program writes it. */
export interface TarEntry {
  readonly path: string;
  readonly content?: string | Uint8Array;
  /** Default: a file, or a directory if the path ends with a slash. */
  readonly type?: 'SymbolicLink' | 'Link' | 'CharacterDevice';
  readonly linkpath?: string;
}

/** A tar file. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, content = '', type, linkpath }) => {
    const bytes = Buffer.from(content);
    const header = new Header({
      ...{ path, mode: 0o644, size: bytes.length, mtime: new Date(0) },
      type: type ?? (path.endsWith('/') ? 'Directory' : 'File'),
      ...(linkpath !== undefined && { linkpath }),
    });
    const block = Buffer.alloc(512);
    header.encode(block, 0);
    return [block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1_024)]);
}

/** `m/tokens.txt` and `m/model.onnx` (`weights` three times) in a `.tar.bz2` file. */
export const BZIP2_ARCHIVE = Buffer.from(
  'QlpoOTFBWSZTWdsjj+kAAJbbgMqwQAH3gAQAdu+ewAYIIACShpI9QAAAGg2ptQSSTQZR6CAeoyNMRv/3biRHkWADStJCL72IhhCQxUIQwDYO4Gg87+PksyshAQ5gRMgIeP6Uhc6bimZysKGAP0GaPLpEJxOKNi+OM361I0QGogHzROpSqDGU1nYSDcXckU4UJDbI4/pA',
  'base64',
);
