import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../web/inspect/model/sha256.ts';

const reference = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

describe('sha256', () => {
  it('gives what node:crypto gives for every length around its block size', () => {
    for (let length = 0; length < 300; length++) {
      const text = 'a'.repeat(length);
      expect(sha256(text)).toBe(reference(text));
    }
  });

  it('hashes the UTF-8 of any text, lone surrogates and long ones included', () => {
    const texts = [
      'Grüße',
      '你好，世界',
      '👋🏽 robot',
      'a\ud800b',
      '\0',
      'x'.repeat(100_000),
      '界'.repeat(50_000),
    ];
    for (const text of texts) expect(sha256(text)).toBe(reference(text));
  });
});
