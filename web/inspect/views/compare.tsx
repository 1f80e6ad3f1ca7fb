import { useState } from 'preact/hooks';
import type { Inspector } from '../app/inspector.ts';
import { useObserved } from '../app/observable.ts';
import { OpenSession } from '../app/opened.ts';
import { compareSessions } from '../model/compare.ts';
import type { Row } from '../model/rows.ts';
import type { SessionLog } from '../model/session-log.ts';
import { liveAgain } from '../model/what-if.ts';
import { Parameters } from './parameters.tsx';
import { RowsView } from './rows-view.tsx';
import { useJob } from './use-job.ts';
import { short, when } from './words.ts';

export interface CompareProps {
  readonly inspector: Inspector;
  readonly open: OpenSession;
  readonly log: SessionLog;
}

const CHOICES = {
  version: "this page's version",
  parameters: 'other parameters',
  session: 'another session',
} as const;
const WITH = ['version', 'parameters', 'session'] as const;

/** The session beside another one, or beside itself under this page's version or other parameters. */
export function Compare({ inspector, open, log }: CompareProps) {
  useObserved(inspector);
  const [other, setOther] = useState<(typeof WITH)[number]>('version');
  const job = useJob<Row[]>();
  const [right, setRight] = useState('');
  const start = (name: string, make: () => Generator<number, Row[], undefined>) => {
    setRight(name);
    job.run(make);
  };
  return (
    <div class="compare">
      <fieldset>
        <legend>Compare with</legend>
        {WITH.map((one) => (
          <label key={one} class="check">
            <input
              type="radio"
              name="compare-with"
              value={one}
              checked={other === one}
              onChange={() => {
                setOther(one);
                job.clear();
              }}
            />{' '}
            {CHOICES[one]}
          </label>
        ))}
      </fieldset>
      {other === 'version' ? (
        <p>
          <button
            type="button"
            class="primary"
            id="compare-version"
            onClick={() => start(CHOICES.version, () => liveAgain(log.header, log.records.slice(), {}))}
          >
            Compare
          </button>{' '}
          <span class="soft">
            Recorded by version {log.header.version}, machine {log.header.machine.slice(0, 12)}
          </span>
        </p>
      ) : other === 'parameters' ? (
        <Parameters
          fields={inspector.parameterFields}
          recorded={log.header.parameters}
          onRun={(parameters) =>
            start(CHOICES.parameters, () => liveAgain(log.header, log.records.slice(), { parameters }))
          }
        />
      ) : (
        <Others
          inspector={inspector}
          open={open}
          onRun={(theirs) => start(short(theirs.session), () => compareSessions(log, theirs))}
        />
      )}
      {job.running ? <progress aria-label="Comparing" /> : null}
      {job.error ? <p class="bad">{job.error}</p> : null}
      {job.result ? (
        <RowsView
          key={right}
          rows={job.result}
          left={short(log.session)}
          right={right}
          onSeek={(at) => open.seekRecord(at)}
        />
      ) : null}
    </div>
  );
}

interface OthersProps {
  readonly inspector: Inspector;
  readonly open: OpenSession;
  readonly onRun: (theirs: SessionLog) => void;
}

function Others({ inspector, open, onRun }: OthersProps) {
  const rows = inspector.list.rows.filter(({ session }) => session !== open.session);
  const [picked, setPicked] = useState('');
  const [trouble, setTrouble] = useState('');
  const run = async () => {
    setTrouble('');
    try {
      const theirs = await OpenSession.whole(picked, inspector);
      onRun(theirs);
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <p>
      <label>
        <span class="sr-only">Session</span>
        <select
          id="compare-session"
          value={picked}
          onChange={(event) => setPicked(event.currentTarget.value)}
        >
          <option value="">Choose a session</option>
          {rows.map(({ session, startedAt, origin }) => (
            <option key={session} value={session}>
              {short(session)} {when(startedAt)} {origin === 'store' ? '' : origin}
            </option>
          ))}
        </select>
      </label>{' '}
      <button
        type="button"
        class="primary"
        id="compare-run"
        disabled={picked === ''}
        onClick={() => void run()}
      >
        Compare
      </button>{' '}
      <span class="bad" role="alert">
        {trouble}
      </span>
    </p>
  );
}
