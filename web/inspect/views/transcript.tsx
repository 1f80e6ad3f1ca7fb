import { useMemo } from 'preact/hooks';
import type { OpenSession } from '../app/opened.ts';
import type { SessionLog } from '../model/session-log.ts';
import { type Line, Transcript } from '../model/transcript.ts';

/** The conversation as it stood at the moment: as text, whatever was said. */
export function TranscriptView({ open, log }: { readonly open: OpenSession; readonly log: SessionLog }) {
  const transcript = useMemo(() => new Transcript(log), [log]);
  const lines = transcript.at(open.index);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must be able to scroll it
    <ol class="transcript" id="transcript" aria-label="Transcript" tabIndex={0}>
      {lines.map((line, at) => (
        <Said key={`${at} ${line.who}`} line={line} open={open} />
      ))}
      {lines.length === 0 ? <li class="empty">Nothing was said yet.</li> : null}
    </ol>
  );
}

function Said({ line, open }: { readonly line: Line; readonly open: OpenSession }) {
  const { who, text, heard, partial, reason, record, turn } = line;
  const played = heard !== undefined && text.startsWith(heard) ? heard : undefined;
  return (
    <li class={`said ${who} ${partial ? 'partial' : ''}`}>
      <span class="speaker">
        {who === 'user' ? 'User' : 'Parley'}, turn {turn}
        {reason && reason !== 'completed' ? `, ${reason}` : ''}
        {partial ? ', still speaking' : ''}{' '}
        {record !== undefined ? (
          <button type="button" class="link" onClick={() => open.goTo(record)}>
            event {record}
          </button>
        ) : null}
      </span>
      <span class="words" dir="auto">
        {played === undefined ? (
          text
        ) : (
          <>
            {played}
            {played.length < text.length ? <s title="not played">{text.slice(played.length)}</s> : null}
          </>
        )}
      </span>
    </li>
  );
}
