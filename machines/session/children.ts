/** The children of a session, by their id in the machine. */
export const CHILD_KINDS = [
  'stt',
  'speculation',
  'memory',
  'llm',
  'tts',
  'playback',
  'actions',
  'lasting',
  'discarded',
] as const;
export type ChildKind = (typeof CHILD_KINDS)[number];

/** Those that belong to a reply; `stt` and `speculation` belong to an utterance, `lasting` to the session. */
export const REPLY_CHILDREN = [
  'memory',
  'llm',
  'tts',
  'playback',
  'actions',
] as const satisfies readonly ChildKind[];
