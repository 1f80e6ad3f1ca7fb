/**
 * What each error says. A code is stable: it is never renamed or reused, so that clients, dashboards and tests may rely
 * on it. What to do about an error is in `advice.ts`.
 */
export const ERRORS = {
  // Engines
  STT_FAILED: 'speech recognition failed',
  STT_TIMEOUT: 'speech recognition gave no result in time',
  LLM_FAILED: 'the language engine failed',
  LLM_TIMEOUT: 'the language engine gave no answer in time',
  TTS_FAILED: 'speech synthesis failed',
  TTS_TIMEOUT: 'speech synthesis gave no audio in time',
  MEMORY_FAILED: 'the memory failed',
  MEMORY_TIMEOUT: 'the memory did not answer in time',
  ACTION_FAILED: 'an action failed',
  ACTION_TIMEOUT: 'an action did not end in time',
  ACTION_REFUSED: 'an action is not allowed by policy',
  ACTION_UNKNOWN: 'the language engine asked for an action that it was not offered',
  NOTHING_TO_COMMIT:
    'there is nothing to commit: no speech, or less than 100 ms of audio since the last commit or clear',
  TURN_RUNNING: 'a turn is in progress',
  TURN_CONFLICT: 'this turn number was used for another request',
  TURN_OLD: 'a newer turn of this conversation has begun',
  TURN_LOST: 'the server ended before it had answered this turn',
  LANGUAGE_UNSUPPORTED: 'no configured engine knows this language',
  ACTION_INVALID: 'the arguments of an action do not fit its schema',
  ACTION_LIMIT: 'a reply asked for too many actions',
  ACTION_RESULT_UNEXPECTED: 'no running action waits for this result',
  TOOL_FAILED: 'a tool failed',
  TOOL_SCHEMA: 'the schema of a tool cannot be used, so its calls are refused',
  TOOL_UNREACHABLE: 'a tool cannot be reached',
  TOOL_PROTOCOL: 'a tool did not answer as its protocol requires',
  PLAYBACK_FAILED: 'playback failed',
  VAD_FAILED: 'voice activity detection failed',
  ENGINE_REQUEST: 'an engine refused the request',
  ENGINE_PROTOCOL: 'an engine did not answer as its protocol requires',
  ENGINE_UNREACHABLE: 'an engine cannot be reached',
  ENGINE_LOST: 'the worker of an engine disappeared',
  ENGINE_NO_WORKER: 'no worker serves this engine',
  ENGINE_CRASHED: 'the thread of an engine ended unexpectedly',
  ENGINE_OVERLOADED: 'an engine has too many requests',
  CANCELLED: 'cancelled',
  // Behaviour
  BEHAVIOUR_UNREADABLE: 'the behaviour file cannot be read',
  BEHAVIOUR_INVALID: 'the behaviour is not valid',
  BEHAVIOUR_FAILED: 'the behaviour failed and has ended; the conversation goes on without it',
  BEHAVIOUR_MISSING: 'this session has another behaviour, or none',
  ROBOT_EVENT_INVALID: 'the behaviour does not take this event of the robot',
  // Bus
  BUS_NO_RESPONDERS: 'the subject has no subscriber',
  BUS_TIMEOUT: 'no answer arrived on the bus in time',
  BUS_PAYLOAD: 'the message is larger than the bus allows',
  BUS_CLOSED: 'the bus is closed',
  BUS_UNREACHABLE: 'the NATS server cannot be reached',
  BUS_SUBJECT: 'invalid subject',
  STREAM_FAILED: 'a stream of events cannot be used',
  EVENT_UNKNOWN: 'no dead letter has this id',
  // Wire
  BAD_MESSAGE: 'the message cannot be parsed',
  BAD_FIELD: 'a field of the message is wrong',
  UNKNOWN_TYPE: 'unknown type of message',
  BAD_HELLO: 'the hello is not valid',
  AUDIO_NOT_TAKEN: 'this session takes text, not audio',
  AUDIO_CLIPPED: 'the microphone’s audio is at full scale: too loud to be recognised well',
  ECHO_NOT_CANCELLED: 'the microphone hears what the robot says, although its client said “cancelled”',
  AUDIO_PACE: 'the audio does not arrive at the pace of its rate',
  AUDIO_DAMAGED: 'a packet of audio cannot be decoded; its time is filled',
  AUDIO_BEFORE_HELLO: 'audio arrived before hello',
  UNAUTHORISED: 'the token is not accepted',
  FORBIDDEN: 'not allowed',
  HELLO_TIMEOUT: 'no hello arrived in time',
  IDLE_TIMEOUT: 'the connection was idle for too long',
  EPOCH_SUPERSEDED: 'another connection took this session over',
  TOO_LARGE: 'a limit of size is exceeded',
  TOO_FAST: 'a limit of rate is exceeded',
  TOO_MANY: 'a limit of sessions, connections or waiting requests is reached',
  QUOTA_EXCEEDED: 'a user or an address has too many sessions or turns',
  OVERLOADED: 'the server is overloaded and begins nothing new',
  DRAINING: 'the server is shutting down',
  SLOW_READER: 'the client does not read fast enough',
  SESSION_STOPPED: 'the session is stopped',
  STOP_FAILED: 'the session did not stop in time and was ended',
  SESSION_UNKNOWN: 'no session has this id',
  USER_DELETED: 'the data of this user was deleted, and the session ended',
  // Process
  CONFIG_INVALID: 'the configuration is not valid',
  CONFIG_REMOVED: 'a key of the configuration no longer exists',
  CONFIG_UNREADABLE: 'the configuration file cannot be read',
  DIALOG_INVALID: 'the dialog file is not valid',
  DIALOG_UNREADABLE: 'the dialog file cannot be read',
  AUDIO_FILE_UNREADABLE: 'the audio file cannot be read',
  AUDIO_FILE_INVALID: 'the audio file cannot be used',
  SCENARIO_UNREADABLE: 'the scenario cannot be read',
  SCENARIO_INVALID: 'the scenario is not valid',
  LABELS_INVALID: 'the labels cannot be used',
  PORT_IN_USE: 'the port is in use',
  TLS_UNREADABLE: 'a file for TLS cannot be read',
  TLS_INVALID: 'certificate or key for TLS is not valid',
  DATA_DIR_UNUSABLE: 'the data directory cannot be used',
  DATA_DIR_IN_USE: 'another server uses this data directory',
  STORE_FAILED: 'the store failed',
  SQLITE_MISSING: 'SQLite cannot be used here',
  STORE_UNUSABLE: 'the store cannot be used',
  STORE_CLOSED: 'the store is closed',
  OUTPUT_FAILED: 'the output cannot be written',
  TOO_FEW_FILES: 'this process may open too few files',
  // Journal
  JOURNAL_UNREADABLE: 'the journal file cannot be read',
  JOURNAL_FORMAT: 'not a journal of a format that this version reads',
  JOURNAL_ALTERED: 'the journal was altered',
  JOURNAL_GAP: 'a record of the journal is missing',
  JOURNAL_ORDER: 'records of the journal are out of order',
  JOURNAL_INCOMPLETE: 'the journal is incomplete',
  JOURNAL_NO_AUDIO: 'the journal has no input audio',
  REPLAY_DIVERGED: 'the replay diverged from the recorded session',
  REPLAY_AGAINST: 'the version to replay against cannot be loaded',
  SESSION_DELETED: 'the session was deleted while it was live',
  SESSION_OPEN: 'the session has not ended',
  SERVER_UNREACHABLE: 'the Parley server cannot be reached',
  ENGINE_MISSING: 'an engine is not installed',
  // Models
  MODEL_UNKNOWN: 'unknown model',
  MODEL_MISSING: 'a model is not on this machine',
  MODEL_DAMAGED: 'files of a model are missing or were changed',
  MODEL_DOWNLOAD: 'a model could not be downloaded',
  MODEL_CHECKSUM: 'a download does not have the expected checksum',
  MODEL_ARCHIVE: 'the archive of a model cannot be unpacked',
  MODEL_NO_ROOM: 'there is not enough room for a model',
  INTERNAL: 'something went wrong inside Parley',
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** True if `code` is in the catalogue; for codes that arrive over a wire. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

/** The one error class of Parley. `detail` is added to the catalogue's message; `cause` keeps the original. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError';
  readonly code: ErrorCode;
  /** Earlier another try is of no use, if that is known for this very error. */
  readonly retryAfterMs?: number;

  constructor(code: ErrorCode, detail?: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super(detail ? `${ERRORS[code]}: ${detail}` : ERRORS[code], options);
    this.code = code;
    if (options?.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** An error as plain data, for the bus, the journal and events. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What a client that is refused for the moment may do. */
export interface RetryAdvice {
  /** Earlier another try is of no use. */
  readonly retryAfterMs?: number;
  /** Another server that has room, such as `wss://robot.example:7400`. */
  readonly server?: string;
}

/** Turns any thrown value into plain data; a foreign error gets the code `fallback`. */
export function errorRecord(thrown: unknown, fallback: ErrorCode): ErrorRecord {
  if (thrown instanceof ParleyError) return { code: thrown.code, message: thrown.message };
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: fallback, message: `${ERRORS[fallback]}: ${detail}` };
}

/** The error that a record was made of; its message already contains the catalogue's text. */
export function errorFrom(record: ErrorRecord): ParleyError {
  return new ParleyError(record.code, detailOf(record));
}

/** The message of an error without the catalogue's text; empty if that is all. */
export function detailOf({ code, message }: ErrorRecord): string {
  const prefix = ERRORS[code];
  return message.startsWith(prefix) ? message.slice(prefix.length).replace(/^: /, '') : message;
}
