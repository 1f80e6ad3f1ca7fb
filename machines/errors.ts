/**
 * The catalogue of errors. A code is stable: it is never renamed or reused, so that clients, dashboards and tests may
 * rely on it. `message` says what happened, `advice` what to do next.
 */
export const ERRORS = {
  // Engines
  STT_FAILED: {
    message: 'speech recognition failed',
    advice: 'see the cause; check the STT engine and its key',
  },
  STT_TIMEOUT: {
    message: 'speech recognition gave no result in time',
    advice: 'raise deadlines.sttMs or use a faster engine',
  },
  LLM_FAILED: {
    message: 'the language engine failed',
    advice: 'see the cause; check the LLM engine and its key',
  },
  LLM_TIMEOUT: {
    message: 'the language engine gave no answer in time',
    advice: 'raise deadlines.llmFirstTokenMs or use a faster engine',
  },
  TTS_FAILED: {
    message: 'speech synthesis failed',
    advice: 'see the cause; check the TTS engine and its key',
  },
  TTS_TIMEOUT: {
    message: 'speech synthesis gave no audio in time',
    advice: 'raise deadlines.ttsMs or use a faster engine',
  },
  MEMORY_FAILED: {
    message: 'recalling the conversation failed',
    advice: 'the turn continued without it; see the cause',
  },
  MEMORY_TIMEOUT: {
    message: 'recalling the conversation took too long',
    advice: 'the turn continued without it; raise deadlines.recallMs',
  },
  ACTION_FAILED: { message: 'an action failed', advice: 'see the cause; check the robot side' },
  ACTION_TIMEOUT: {
    message: 'an action did not end in time',
    advice: 'raise deadlines.actionMs or make the action shorter',
  },
  ACTION_REFUSED: {
    message: 'an action is not allowed by policy',
    advice: 'add it to actions.allow if it should be',
  },
  ACTION_UNKNOWN: {
    message: 'the language engine asked for an action that it was not offered',
    advice:
      'declare the action in the dialog or as a tool if it should exist; else look at the engine and its worker',
  },
  NOTHING_TO_COMMIT: {
    message:
      'there is nothing to commit: no speech, or less than 100 ms of audio since the last commit or clear',
    advice: 'with manual turn detection send the audio first; otherwise commit while the user speaks',
  },
  TURN_RUNNING: {
    message: 'a turn is in progress',
    advice: 'wait for the state idle, or end the turn with interrupt or clear',
  },
  TURN_CONFLICT: {
    message: 'this turn number was used for another request',
    advice: 'give each new request a higher number; only a repetition of the same request has the same one',
  },
  TURN_OLD: {
    message: 'a newer turn of this conversation has begun',
    advice: 'nothing was done; send it again with a higher number if it still counts',
  },
  TURN_LOST: {
    message: 'the server ended before it had answered this turn',
    advice: 'parts of it may have been done; ask again with a higher number',
  },
  LANGUAGE_UNSUPPORTED: {
    message: 'no configured engine knows this language',
    advice: 'nothing was changed; ask for another language, or configure an engine that knows it',
  },
  ACTION_LIMIT: {
    message: 'a reply asked for too many actions',
    advice: 'the others were started; raise actions.maxPerReply to allow more',
  },
  ACTION_RESULT_UNEXPECTED: {
    message: 'no running action waits for this result',
    advice:
      'say actions: "results" in hello; send one result for each started action, while it runs; the result was ignored',
  },
  PLAYBACK_FAILED: {
    message: 'playback failed',
    advice: 'this is a defect of Parley: please report it with the session',
  },
  VAD_FAILED: {
    message: 'voice activity detection failed',
    advice: 'see the cause; the session can still be typed to',
  },
  ENGINE_REQUEST: {
    message: 'an engine refused the request',
    advice: 'check model, voice and key of this engine',
  },
  ENGINE_PROTOCOL: {
    message: 'an engine sent something that is not its protocol',
    advice: 'check that baseUrl points at the right kind of server',
  },
  ENGINE_UNREACHABLE: {
    message: 'an engine cannot be reached',
    advice: 'check baseUrl and that the server runs',
  },
  ENGINE_LOST: {
    message: 'the worker of an engine went away',
    advice: 'the turn ended; start another worker if none is left',
  },
  ENGINE_NO_WORKER: {
    message: 'no worker serves this engine',
    advice: 'start one: parley worker --engines stt,llm,tts',
  },
  ENGINE_CRASHED: {
    message: 'the thread of an engine ended unexpectedly',
    advice: 'it is started again by itself; see the cause',
  },
  ENGINE_OVERLOADED: {
    message: 'an engine has too much to do',
    advice: 'add workers or lower the number of sessions',
  },
  CANCELLED: { message: 'cancelled', advice: 'nothing to do: the work was not needed any more' },
  // Bus
  BUS_NO_RESPONDERS: {
    message: 'the subject has no subscriber',
    advice: 'start the process that serves it',
  },
  BUS_TIMEOUT: {
    message: 'no answer on the bus in time',
    advice: 'check the other process and the NATS server',
  },
  BUS_PAYLOAD: {
    message: 'the message is larger than the bus allows',
    advice: 'send smaller pieces or raise max_payload of the NATS server',
  },
  BUS_CLOSED: { message: 'the bus is closed', advice: 'nothing to do at shutdown; else reconnect' },
  BUS_UNREACHABLE: {
    message: 'the NATS server cannot be reached',
    advice: 'check NATS_URL and that nats-server runs',
  },
  BUS_SUBJECT: {
    message: 'invalid subject',
    advice: 'subjects are dot-separated tokens without spaces; wildcards only when subscribing',
  },
  // Wire
  BAD_MESSAGE: {
    message: 'the message cannot be parsed',
    advice: 'send JSON text frames with a type, and PCM16 in binary frames',
  },
  BAD_FIELD: {
    message: 'a field of the message is wrong',
    advice: 'see the message for the field; the message was ignored',
  },
  UNKNOWN_TYPE: {
    message: 'there is no message of that type',
    advice: 'see docs/protocol.md; the message was ignored',
  },
  BAD_HELLO: { message: 'the hello is not valid', advice: 'see the message for the field' },
  AUDIO_NOT_TAKEN: {
    message: 'this session takes text, not audio',
    advice: 'leave input: "text" out of hello to speak; all audio of this session is ignored',
  },
  AUDIO_BEFORE_HELLO: { message: 'audio came before hello', advice: 'send hello first' },
  UNAUTHORISED: { message: 'the token is not accepted', advice: 'send the token of the server in hello' },
  FORBIDDEN: {
    message: 'that is not allowed here',
    advice: 'see the message: a token, another origin or a key of the configuration is needed',
  },
  HELLO_TIMEOUT: { message: 'no hello came in time', advice: 'send hello within 5 s of connecting' },
  IDLE_TIMEOUT: { message: 'nothing was heard for too long', advice: 'connect again' },
  EPOCH_SUPERSEDED: { message: 'another connection took this session over', advice: 'connect once only' },
  TOO_LARGE: { message: 'the message is larger than 64 KiB', advice: 'send 10 to 100 ms of audio a message' },
  TOO_FAST: { message: 'audio came faster than real time', advice: 'send audio as it is recorded' },
  TOO_MANY: {
    message: 'the server has no room for another session',
    advice: 'try again later or raise limits.sessions',
  },
  OVERLOADED: {
    message: 'the server has too much to do to begin anything new',
    advice: 'try again in a few seconds; add workers or servers if it lasts',
  },
  DRAINING: { message: 'the server is shutting down', advice: 'connect again in a moment' },
  SLOW_READER: {
    message: 'the client does not read fast enough',
    advice: 'read what the server sends; check the network',
  },
  SESSION_STOPPED: { message: 'the session is stopped', advice: 'send rearm first' },
  STOP_FAILED: {
    message: 'the session did not stop in time and was ended',
    advice:
      'use the hardware stop of the machine if it moves; this is a defect: please report it with the log',
  },
  SESSION_UNKNOWN: { message: 'there is no such session', advice: 'check the id' },
  // Process
  CONFIG_INVALID: {
    message: 'the configuration is not valid',
    advice: 'see the fields named; run parley check-config',
  },
  CONFIG_UNREADABLE: {
    message: 'the configuration file cannot be read',
    advice: 'check the path and that it is YAML',
  },
  DIALOG_INVALID: { message: 'the dialog file is not valid', advice: 'see the line named' },
  DIALOG_UNREADABLE: { message: 'the dialog file cannot be read', advice: 'check the path' },
  AUDIO_FILE_UNREADABLE: {
    message: 'the audio file cannot be read',
    advice: 'check the path and that the file exists',
  },
  AUDIO_FILE_INVALID: {
    message: 'the audio file cannot be used',
    advice: 'give a mono or stereo 16-bit PCM WAV file',
  },
  PORT_IN_USE: {
    message: 'the port is in use',
    advice: 'stop the other program or choose another port with --port',
  },
  DATA_DIR_UNUSABLE: {
    message: 'the data directory cannot be used',
    advice: 'make it writable for the user that runs Parley, or choose another with --data-dir',
  },
  STORE_FAILED: {
    message: 'the store failed',
    advice: 'check the disk and the rights of the data directory',
  },
  SQLITE_MISSING: {
    message: 'SQLite is not usable here',
    advice: 'see the message for the command that installs it, or use Node 22 or newer',
  },
  STORE_UNUSABLE: {
    message: 'the store cannot be used',
    advice:
      'free space on the disk, make the data directory writable, or move a damaged parley.db away; until then sessions are not recorded and actions are refused',
  },
  STORE_CLOSED: { message: 'the store is closed', advice: 'nothing to do at shutdown' },
  OUTPUT_FAILED: {
    message: 'the output cannot be written',
    advice: 'check that the folder exists, may be written to, and has room',
  },
  TOO_FEW_FILES: {
    message: 'this process may not open enough files',
    advice: 'raise the limit: ulimit -n 4096 in the shell, or LimitNOFILE=4096 in a systemd unit',
  },
  // Journal
  JOURNAL_UNREADABLE: {
    message: 'the journal file cannot be read',
    advice: 'check the path; parley journal list shows what is recorded',
  },
  JOURNAL_FORMAT: {
    message: 'this is not a journal of a format that this version reads',
    advice: 'see docs/journal.md for the format; check that the file is a whole export',
  },
  JOURNAL_ALTERED: {
    message: 'the journal was altered',
    advice: 'do not rely on it from that record on; look for who or what changed the file',
  },
  JOURNAL_GAP: {
    message: 'a record of the journal is missing',
    advice: 'do not rely on it from that record on; look for who or what removed it',
  },
  JOURNAL_ORDER: {
    message: 'records of the journal have changed places',
    advice: 'do not rely on it from that record on; look for who or what moved them',
  },
  JOURNAL_INCOMPLETE: {
    message: 'the journal is incomplete',
    advice: 'it holds up to the record named; check the disk and the log of that time',
  },
  REPLAY_DIVERGED: {
    message: 'the replay came to another result than the session',
    advice: 'see the difference; replay with the version that recorded it, or --against it',
  },
  REPLAY_AGAINST: {
    message: 'the version to replay against cannot be loaded',
    advice: 'give a checkout or built package of Parley, or a revision of this git repository',
  },
  SESSION_DELETED: {
    message: 'the session was deleted while it was live',
    advice: 'nothing of it is recorded any more, and its actions are refused; end it',
  },
  SESSION_OPEN: {
    message: 'the session has not ended',
    advice: 'end it first; if its server was killed, add --force',
  },
  SERVER_UNREACHABLE: {
    message: 'the Parley server cannot be reached',
    advice: 'start it with npm start, or give --url',
  },
  ENGINE_MISSING: {
    message: 'an engine is not installed',
    advice: 'install the optional package named, or choose another engine',
  },
  INTERNAL: {
    message: 'something went wrong inside Parley',
    advice: 'this is a defect: please report it with the log',
  },
} as const satisfies Record<string, { message: string; advice: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** True if `code` is in the catalogue; for codes that arrive over a wire. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

/** The one error class of Parley. `detail` is added to the catalogue's message; `cause` keeps the original. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail?: string, options?: { cause?: unknown }) {
    super(detail ? `${ERRORS[code].message}: ${detail}` : ERRORS[code].message, options);
    this.code = code;
  }

  get advice(): string {
    return ERRORS[this.code].advice;
  }
}

/** An error as plain data, for the bus, the journal and events. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Turns any thrown value into plain data; a foreign error gets the code `fallback`. */
export function errorRecord(thrown: unknown, fallback: ErrorCode): ErrorRecord {
  if (thrown instanceof ParleyError) return { code: thrown.code, message: thrown.message };
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: fallback, message: `${ERRORS[fallback].message}: ${detail}` };
}

/** The error that a record was made of; its message already contains the catalogue's text. */
export function errorFrom({ code, message }: ErrorRecord): ParleyError {
  const prefix = ERRORS[code].message;
  return new ParleyError(
    code,
    message.startsWith(prefix) ? message.slice(prefix.length).replace(/^: /, '') : message,
  );
}
