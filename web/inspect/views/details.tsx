import type { ComponentChildren } from 'preact';
import { rejectionWords } from '../../rejection.ts';
import type { OpenSession } from '../app/opened.ts';
import { activeStates, innermost } from '../chart/active.ts';
import { commandsOf, commandWords, type Entry, eventOf, rejectionOf, timerName } from '../model/entries.ts';
import type { ChildLife, TimerLife } from '../model/links.ts';
import type { SessionLog } from '../model/session-log.ts';
import { DiffTable } from './diff-table.tsx';
import { clock, duration, pretty } from './words.ts';

export interface DetailsProps {
  readonly open: OpenSession;
  readonly log: SessionLog;
  readonly onWhatIf: (record: number, how: 'drop' | 'edit') => void;
}

/** The event of the moment: what it was, what was asked, what it changed, what it caused and what came of that. */
export function Details({ open, log, onWhatIf }: DetailsProps) {
  const entry = log.entries[open.index];
  const record = log.records[open.index];
  if (!entry || !record) return <section class="details" aria-label="Event" />;
  const rejected = rejectionOf(eventOf(record));
  const go = (to: number) => open.goTo(to);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must be able to scroll it
    <section class="details" id="details" aria-label={`Event ${entry.index}`} tabIndex={0}>
      <h3>
        {entry.index}. {entry.type}{' '}
        <span class="soft">
          from {entry.source} at {clock(entry.t)}
        </span>
      </h3>
      <Cause log={log} entry={entry} go={go} />
      {rejected ? (
        <p class="note" id="rejected">
          Not understood. {rejectionWords(rejected)}
        </p>
      ) : null}
      {record.event === 'null' ? null : <Json text={record.event} />}
      <Decision open={open} entry={entry} />
      <Diff log={log} index={entry.index} />
      <Commands log={log} index={entry.index} go={go} />
      {entry.index > 0 && entry.source !== 'timer' && !entry.stale ? (
        <p class="buttons">
          <button type="button" id="whatif-drop" onClick={() => onWhatIf(entry.index, 'drop')}>
            What if it had not happened?
          </button>{' '}
          <button type="button" id="whatif-edit" onClick={() => onWhatIf(entry.index, 'edit')}>
            What if it had been different?
          </button>
        </p>
      ) : null}
    </section>
  );
}

type Go = (record: number) => void;

function To({ record, go, children }: { record: number; go: Go; children?: ComponentChildren }) {
  return (
    <button type="button" class="link" onClick={() => go(record)}>
      {children ?? `event ${record}`}
    </button>
  );
}

function Cause({ log, entry, go }: { log: SessionLog; entry: Entry; go: Go }) {
  const life = log.links.childOf(entry.index);
  const timer = log.links.timerOf(entry.index);
  if (entry.stale)
    return (
      <p class="note" id="stale-reason">
        Stale: it changed nothing, because{' '}
        {life && life.endedBy !== undefined ? (
          <>
            the {life.kind} of generation {life.generation} had {ended(life)} by{' '}
            <To record={life.endedBy} go={go} /> ({log.entries[life.endedBy]?.type}).
          </>
        ) : (
          `the ${entry.source} of generation ${entry.generation} had already ended.`
        )}
      </p>
    );
  if (life)
    return (
      <p class="soft">
        From {life.kind} of generation {life.generation}, started by <To record={life.startedBy} go={go} />.
      </p>
    );
  if (timer)
    return (
      <p class="soft">
        Timer started by <To record={timer.startedBy} go={go} />, due at {clock(timer.dueMs)}.
      </p>
    );
  return null;
}

function ended(life: ChildLife): string {
  return life.how === 'done' ? 'been completed' : life.how === 'error' ? 'failed' : 'been stopped';
}

function Decision({ open, entry }: { open: OpenSession; entry: Entry }) {
  if (entry.stale) return null;
  const explained = open.explainAt(entry.index);
  if (!explained)
    return <p class="soft">Guards are unknown: this version's machine cannot run this event.</p>;
  const { taken, guards } = explained;
  const strays = open.tracer?.straysAt;
  const refused = guards.filter(({ passed }) => !passed);
  return (
    <div id="decision">
      {strays !== undefined && strays <= entry.index ? (
        <p class="note">
          From event {strays} on, this page's machine decides differently. The guards below are its own, not
          those of the recording.
        </p>
      ) : null}
      {guards.length > 0 ? (
        <ul class="guards" aria-label="Guards">
          {guards.map(({ transition, passed }, at) => (
            <li key={at} class={passed ? 'passed' : 'refused'}>
              {passed ? '✓' : '✗'} <b>{guardOf(open, transition)}</b>{' '}
              <span class="soft">
                {passed ? 'passed' : 'refused'}: {transition}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {taken.length > 0 ? (
        <ul class="transitions" aria-label="Transitions">
          {taken.map((id, at) => (
            <li key={at}>{transitionWords(open, id)}</li>
          ))}
        </ul>
      ) : entry.index > 0 ? (
        <p class="note" id="no-transition">
          {refused.length > 0
            ? `No transition: refused by ${refused.map(({ transition }) => guardOf(open, transition)).join(', ')}.`
            : `No transition handles it in ${entry.state}.`}
        </p>
      ) : null}
    </div>
  );
}

function guardOf(open: OpenSession, transition: string): string {
  return open.tracer?.transitions.get(transition)?.guard ?? 'guard';
}

function transitionWords(open: OpenSession, id: string): string {
  const targets = open.tracer?.transitions.get(id)?.targets ?? [];
  return targets.length > 0 ? `${id} → ${targets.join(', ')}` : id;
}

function Diff({ log, index }: { log: SessionLog; index: number }) {
  const changes = index === 0 ? [] : log.changesAt(index);
  if (changes.length === 0)
    return <p class="soft">{index === 0 ? 'The start of the session.' : 'No change of state.'}</p>;
  return (
    <DiffTable
      heads={['part', 'before', 'after']}
      rows={changes.map(({ name, before, after }) => [
        name.replace(/^context\./u, ''),
        partWords(name, before, after),
        partWords(name, after, before),
      ])}
    />
  );
}

/** A part of the state; of where the chart is, only what the other side has not. */
function partWords(name: string, text: string | undefined, other: string | undefined): string | undefined {
  if (text === undefined || name !== 'value') return text;
  const others = new Set(innermost(activeStates(other === undefined ? undefined : JSON.parse(other))));
  return innermost(activeStates(JSON.parse(text)))
    .filter((path) => !others.has(path))
    .join('\n');
}

function Commands({ log, index, go }: { log: SessionLog; index: number; go: Go }) {
  const record = log.records[index];
  const commands = record ? commandsOf(record) : [];
  if (commands.length === 0) return <p class="soft">No commands.</p>;
  return (
    <ol class="commands" aria-label="Commands">
      {commands.map((command, at) => {
        const link = log.links.led(index, at);
        return (
          <li key={at}>
            <span dir="auto">{commandWords(command)}</span>
            {link?.type === 'child' ? <Child life={link.life} log={log} index={index} go={go} /> : null}
            {link?.type === 'timer' ? <Timer timer={link.timer} index={index} go={go} /> : null}
          </li>
        );
      })}
    </ol>
  );
}

function Child({ life, log, index, go }: { life: ChildLife; log: SessionLog; index: number; go: Go }) {
  const { results, late, endedBy, how, startedBy } = life;
  const [first] = results;
  const ran =
    endedBy === undefined ? undefined : (log.records[endedBy]?.t ?? 0) - (log.records[startedBy]?.t ?? 0);
  return (
    <span class="came">
      {' '}
      ⤷{' '}
      {startedBy === index ? null : (
        <To record={startedBy} go={go}>
          started by event {startedBy}
        </To>
      )}
      {first !== undefined && first !== endedBy ? (
        <>
          {' '}
          <To record={first} go={go}>
            first result
          </To>
          , {results.length} in all;
        </>
      ) : null}{' '}
      {endedBy === undefined ? (
        'still running'
      ) : (
        <>
          <To record={endedBy} go={go}>
            {how}
          </To>{' '}
          after {duration(ran ?? 0)}
        </>
      )}
      {late[0] !== undefined ? (
        <>
          ;{' '}
          <To record={late[0]} go={go}>
            {late.length} arrived too late
          </To>
        </>
      ) : null}
    </span>
  );
}

function Timer({ timer, index, go }: { timer: TimerLife; index: number; go: Go }) {
  const { endedBy, how, startedBy, name } = timer;
  return (
    <span class="came">
      {' '}
      ⤷{' '}
      {startedBy === index ? null : (
        <To record={startedBy} go={go}>
          {timerName(name)} started
        </To>
      )}{' '}
      {endedBy === undefined ? (
        'waiting'
      ) : endedBy === index ? (
        how
      ) : (
        <To record={endedBy} go={go}>
          {how}
        </To>
      )}
    </span>
  );
}

/** A long text stays in its box; it is never anything but text. */
export function Json({ text }: { readonly text: string }) {
  return (
    <pre class="json" dir="auto">
      {pretty(text)}
    </pre>
  );
}
