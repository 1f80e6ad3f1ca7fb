import { journalOf, type OpenJournal } from '../actors/journal/recorder.ts';
import type { JournalStore } from '../actors/ports/journal.ts';
import { realClock } from '../adapters/real-clock.ts';
import { sha256 } from '../adapters/store/sha256.ts';
import type { ParleyError } from '../machines/errors.ts';
import type { SessionParameters } from '../machines/parameters.ts';
import type { Config } from './config/schema.ts';
import type { Inspector } from './endpoints/inspect/inspector.ts';
import type { Logger } from './log.ts';
import { machineHash } from './machine-hash.ts';
import { startRetention } from './retention.ts';
import { isKnown } from './stores.ts';
import { packageVersion } from './version.ts';

/** What a server needs of its journals to write them. */
type WrittenJournals = Pick<JournalStore, 'openJournal' | 'continueJournal' | 'prune' | 'onSize'>;

export interface Journaling {
  readonly open: OpenJournal;
  close(): Promise<void>;
}

/** Journals the sessions of this process, and deletes old sessions beyond the configured limits. */
export function startJournaling(
  store: WrittenJournals,
  { audio, maxAgeDays, maxMegabytes }: Config['journal'],
  log: Logger,
  storeProblem: () => ParleyError | undefined,
): Journaling {
  const live = new Set<string>();
  const open = journalOf({
    store,
    sha256,
    machine: machineHash(),
    version: packageVersion(),
    audio,
    now: () => new Date().toISOString(),
  });
  const retention = startRetention({
    store,
    clock: realClock,
    now: () => Date.now(),
    maxAgeDays,
    maxMegabytes,
    live: () => [...live],
    onDeleted: (sessions) => log.info({ sessions }, 'old sessions deleted'),
    onError: (error) => {
      if (!isKnown(error, storeProblem())) log.warn({ err: error }, 'old sessions could not be deleted');
    },
  });
  return {
    open(session, input, onFailure, parameters, soFar) {
      live.add(session);
      const recorder = open(session, input, onFailure, whatDecides(parameters), soFar);
      return {
        ...recorder,
        async end() {
          await recorder.end();
          live.delete(session);
        },
        async leave() {
          await recorder.leave();
          live.delete(session);
        },
      };
    },
    close: () => retention.close(),
  };
}

/** The session's part of what may be a whole configuration. The journal must not contain the secrets of the rest. */
function whatDecides(parameters: SessionParameters): SessionParameters {
  const {
    endpointing,
    speculation,
    bargeIn,
    attention,
    body,
    asking,
    deadlines,
    reply,
    reading,
    history,
    actions,
    phrases,
    languages,
    words,
    partials,
    steps,
    ...others
  } = parameters;
  // A parameter that is not named here would not be in the journal, so the session would not replay.
  others satisfies Record<string, never>;
  return {
    endpointing,
    speculation,
    bargeIn,
    attention,
    body,
    asking,
    deadlines,
    reply,
    reading,
    history,
    actions,
    phrases,
    languages,
    words,
    ...(partials !== undefined && { partials }),
    ...(steps && { steps }),
  };
}

/** `journals`, with what they write also shown to the inspector. */
export function watchedJournals(journals: JournalStore, inspector: Inspector | undefined): WrittenJournals {
  if (!inspector) return journals;
  return {
    ...inspector.tapped(journals),
    prune: (limits) => journals.prune(limits),
    onSize: (listener) => journals.onSize?.(listener),
  };
}
