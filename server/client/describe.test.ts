import { expect, it } from 'vitest';
import { describeMessage } from './describe.ts';

it('says why speech was rejected, with the nearest phrase and its score if there is one', () => {
  const heard = { type: 'transcript', turn: 1, text: '', final: true } as const;
  const rejected = { nearest: 'go forward', confidence: 0.416, reason: 'unlike' } as const;
  expect(describeMessage({ ...heard, rejected })).toBe(
    'user        "" (rejected: too unlike any phrase of the dialog; nearest: "go forward", confidence 0.42)',
  );
  expect(describeMessage({ ...heard, rejected: { nearest: '', confidence: 0, reason: 'silence' } })).toBe(
    'user        "" (rejected: only silence or steady noise)',
  );
});
