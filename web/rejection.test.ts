import { expect, it } from 'vitest';
import { rejectionWords } from './rejection.ts';

it('gives the reason, and the nearest phrase with its score if there is one', () => {
  expect(rejectionWords({ nearest: 'tell me a story', confidence: 0.314, reason: 'unlike' })).toBe(
    'Too unlike every known phrase. Nearest: “tell me a story”, 31 % likely.',
  );
  expect(rejectionWords({ nearest: '', confidence: 0, reason: 'silence' })).toBe(
    'Only silence or steady noise was heard.',
  );
  expect(rejectionWords({ nearest: '', confidence: 0, reason: 'new' })).toBe('Rejected: new.');
});
