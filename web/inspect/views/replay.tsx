import { useEffect, useState } from 'preact/hooks';
import { type ReplayResult, replaySteps } from '../../../machines/journal/replay.ts';
import { type KernelEvent, SessionKernel } from '../../../machines/kernel.ts';
import type { OpenSession } from '../app/opened.ts';
import type { Row } from '../model/rows.ts';
import type { SessionLog } from '../model/session-log.ts';
import { sha256 } from '../model/sha256.ts';
import { liveAgain } from '../model/what-if.ts';
import { DiffTable } from './diff-table.tsx';
import { RowsView } from './rows-view.tsx';
import { useJob } from './use-job.ts';
import { pretty } from './words.ts';

/** An event that is to be left out (null) or changed. */
export interface WhatIf {
  readonly record: number;
  readonly how: 'drop' | 'edit';
}

export interface ReplayProps {
  readonly open: OpenSession;
  readonly log: SessionLog;
  /** What the user asked for in the list of events. */
  readonly whatIf: WhatIf | undefined;
}

/** Re-execution in the page: whether it comes out as recorded, and what would have been otherwise. */
export function Replay({ open, log, whatIf }: ReplayProps) {
  return (
    <div class="replay">
      <Here open={open} log={log} />
      {whatIf ? (
        <Otherwise key={`${whatIf.record} ${whatIf.how}`} open={open} log={log} whatIf={whatIf} />
      ) : (
        <p class="note">What if? Choose an event in the list and change it or leave it out.</p>
      )}
    </div>
  );
}

function Here({ open, log }: { readonly open: OpenSession; readonly log: SessionLog }) {
  const job = useJob<ReplayResult>();
  const run = () =>
    job.run(() => {
      const { header, headerHash, footer } = log;
      // A session that still runs is replayed up to here.
      const records = log.records.slice();
      const journal = { header, headerHash, footer: log.origin === 'live' ? open_(footer) : footer, records };
      const kernel = new SessionKernel(header.parameters, header.input);
      return replaySteps(journal, { kernel, sha256 });
    });
  return (
    <section aria-label="Replay here">
      <p>
        <button type="button" class="primary" id="replay-here" disabled={job.running} onClick={run}>
          Replay here
        </button>{' '}
        {job.running ? (
          <progress value={job.done} max={log.records.length} aria-label="Replaying" />
        ) : (
          <span class="soft">Runs the session again in this page and compares every hash.</span>
        )}
      </p>
      {job.error ? <p class="bad">Cannot replay: {job.error}</p> : null}
      {job.result ? <Outcome result={job.result} log={log} open={open} /> : null}
    </section>
  );
}

function open_(footer: SessionLog['footer']): SessionLog['footer'] {
  return { ...footer, status: 'open', records: null };
}

function Outcome({ result, log, open }: { result: ReplayResult; log: SessionLog; open: OpenSession }) {
  const { difference, fault, records } = result;
  if (!difference && !fault)
    return (
      <p class="good" id="replay-result" role="status">
        All {records} records match: every state and every command came out as recorded. Last state hash{' '}
        <code>{result.stateHash.slice(0, 16)}…</code>
      </p>
    );
  const at = difference?.record ?? fault?.record ?? -1;
  return (
    <div id="replay-result" role="status">
      <p class="bad">
        {fault
          ? `The journal was altered at record ${at}: ${fault.detail} (${fault.code}).`
          : `First difference at event ${at} (${difference?.differs}): this version decides differently from ${log.header.version}.`}{' '}
        {at >= 0 ? (
          <button type="button" class="link" onClick={() => open.seekRecord(at)}>
            event {at}
          </button>
        ) : null}
      </p>
      {difference ? <Difference difference={difference} /> : null}
    </div>
  );
}

function Difference({ difference }: { readonly difference: NonNullable<ReplayResult['difference']> }) {
  const { recorded, replayed, thrown } = difference;
  const names = [...new Set([...recorded.state.keys(), ...replayed.state.keys()])].filter(
    (name) => recorded.state.get(name) !== replayed.state.get(name),
  );
  return (
    <>
      {thrown ? <p class="bad">The machine threw: {thrown}</p> : null}
      <DiffTable
        heads={['', 'recorded', 'replayed']}
        rows={[
          ...names.map((name) => [name, recorded.state.get(name), replayed.state.get(name)] as const),
          ['commands', recorded.commands.join('\n'), replayed.commands.join('\n')],
        ]}
      />
    </>
  );
}

function Otherwise({ open, log, whatIf }: { open: OpenSession; log: SessionLog; whatIf: WhatIf }) {
  const { record, how } = whatIf;
  const job = useJob<Row[]>();
  const [text, setText] = useState(() => pretty(log.records[record]?.event ?? 'null'));
  const [wrong, setWrong] = useState('');
  const run = (event: KernelEvent | null) =>
    job.run(() => liveAgain(log.header, log.records.slice(), { edits: new Map([[record, event]]) }));
  useEffect(() => {
    if (how === 'drop') run(null);
  }, []);
  const edited = () => {
    const event = eventOf(text);
    setWrong(event ? '' : 'Not an event: write JSON with a "type".');
    if (event) run(event);
  };
  return (
    <section aria-label="What if" class="what-if">
      <h3>
        What if event {record} ({log.entries[record]?.type}) had {how === 'drop' ? 'not happened' : 'been'}
        {how === 'drop' ? '?' : ':'}
      </h3>
      {how === 'edit' ? (
        <form
          onSubmit={(submitted) => {
            submitted.preventDefault();
            edited();
          }}
        >
          <label>
            <span class="sr-only">The event as JSON</span>
            <textarea
              id="whatif-event"
              rows={6}
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="primary" id="whatif-run">
            Run the session again with this event
          </button>{' '}
          <span class="bad" role="alert">
            {wrong}
          </span>
        </form>
      ) : null}
      {job.running ? (
        <progress value={job.done} max={log.records.length} aria-label="Running the session again" />
      ) : null}
      {job.error ? <p class="bad">{job.error}</p> : null}
      {job.result ? (
        <RowsView rows={job.result} left="recorded" right="what if" onSeek={(at) => open.seekRecord(at)} />
      ) : null}
    </section>
  );
}

/** What the user wrote, as an event; the machine ignores what it does not know. Undefined if it is none. */
function eventOf(text: string): KernelEvent | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || typeof Reflect.get(parsed, 'type') !== 'string')
      return undefined;
    return parsed as KernelEvent;
  } catch {
    return undefined;
  }
}
