import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readPieces, spell } from './pieces.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-pieces-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TOKENS = '<blk> 0\n<unk> 1\n▁S 2\nTOP 3\n▁ST 4\nOP 5\n▁ 6\nN 7\nO 8\nW 9\n';

/** A SentencePiece model of these pieces; each has a type, which is skipped. */
function bpeModel(pieces: Readonly<Record<string, number>>): string {
  const path = join(folder, 'bpe.model');
  const messages = Object.entries(pieces).map(([piece, score]) => {
    const text = Buffer.from(piece);
    const bytes = Buffer.concat([
      Buffer.from([0x0a, text.length]),
      text,
      Buffer.from([0x15, 0, 0, 0, 0, 0x18, 1]),
    ]);
    bytes.writeFloatLE(score, bytes.length - 6);
    return Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
  });
  writeFileSync(path, Buffer.concat(messages));
  return path;
}

it('spells with the likeliest pieces, in capitals if there are no others', async () => {
  const tokens = join(folder, 'tokens.txt');
  writeFileSync(tokens, TOKENS);
  const scores = { '▁S': -9, TOP: -9, '▁ST': -3, OP: -4, '▁': -5, N: -5, O: -5, W: -5 };
  expect(spell('stop now', await readPieces(tokens, bpeModel(scores)))).toEqual([
    '▁ST',
    'OP',
    '▁',
    'N',
    'O',
    'W',
  ]);
  const others = { ...scores, '▁S': -1, TOP: -1 };
  expect(spell('stop', await readPieces(tokens, bpeModel(others)))).toEqual(['▁S', 'TOP']);
});

it('prefers few pieces without scores, and knows what it cannot spell', async () => {
  const tokens = join(folder, 'tokens.txt');
  writeFileSync(tokens, `${TOKENS}▁STOP 10\n`);
  const pieces = await readPieces(tokens, undefined);
  expect(spell('stop', pieces)).toEqual(['▁STOP']);
  expect(spell('halt', pieces)).toBeUndefined();
});
