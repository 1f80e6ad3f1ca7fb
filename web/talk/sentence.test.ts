import { expect, it } from 'vitest';
import { sentence } from './sentence.ts';

it('makes a sentence of a message, and leaves names as they are', () => {
  expect(sentence('the token is not accepted')).toBe('The token is not accepted.');
  expect(sentence('engines.llm openai answers anything')).toBe('engines.llm openai answers anything.');
  expect(sentence('Try again!')).toBe('Try again!');
});
