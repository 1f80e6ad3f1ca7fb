import { ParleyError } from '../../machines/errors.ts';

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Yields the samples as PCM16LE in pieces of at most `pieceBytes`. The pieces are copies, so the caller may reuse its
 * buffer.
 */
export function* pcmPieces(samples: Int16Array, pieceBytes: number): Generator<Uint8Array> {
  const pieceSamples = pieceBytes >> 1;
  for (let at = 0; at < samples.length; at += pieceSamples) {
    yield pcmBytes(samples.subarray(at, at + pieceSamples));
  }
}

function pcmBytes(samples: Int16Array): Uint8Array {
  if (LITTLE_ENDIAN) return new Uint8Array(samples.slice().buffer);
  const view = new DataView(new ArrayBuffer(samples.length * 2));
  for (const [i, sample] of samples.entries()) view.setInt16(2 * i, sample, true);
  return new Uint8Array(view.buffer);
}

/** Returns PCM16LE as samples, sharing memory where the platform allows it. Throws ENGINE_PROTOCOL on half a sample. */
export function pcmSamples(bytes: Uint8Array): Int16Array {
  if (bytes.byteLength % 2 !== 0) throw new ParleyError('ENGINE_PROTOCOL', 'audio ends in half a sample');
  const length = bytes.byteLength / 2;
  if (LITTLE_ENDIAN && bytes.byteOffset % 2 === 0)
    return new Int16Array(bytes.buffer, bytes.byteOffset, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length }, (_, i) => view.getInt16(2 * i, true));
}
