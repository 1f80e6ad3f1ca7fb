const TROUBLES: ReadonlyMap<string, string> = new Map([
  ['NotAllowedError', 'The microphone is not allowed for this page. You can still type.'],
  ['NotFoundError', 'No microphone was found. You can still type.'],
  ['NotReadableError', 'The microphone is in use by another program. You can still type.'],
  ['SecurityError', 'Browsers give the microphone only to https pages and to localhost. You can still type.'],
]);

/** Message for the user after the microphone could not be opened. */
export function microphoneTrouble(error: unknown): { code: string; words: string } {
  const code = error instanceof Error ? error.name : 'UnknownError';
  return { code, words: TROUBLES.get(code) ?? 'The microphone could not be opened. You can still type.' };
}
