const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function utf8(string: string): Uint8Array {
  return encoder.encode(string);
}

export function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
