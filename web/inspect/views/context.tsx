import type { OpenSession } from '../app/opened.ts';
import type { SessionLog } from '../model/session-log.ts';
import { pretty } from './words.ts';

/** All that the session knew after the event, part by part; what the event changed is marked. */
export function Context({ open, log }: { readonly open: OpenSession; readonly log: SessionLog }) {
  const parts = [...log.stateAt(open.index).parts()];
  const changed = new Set(log.changesAt(open.index).map(({ name }) => name));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must be able to scroll it
    <section class="context" id="context" tabIndex={0} aria-label="Context">
      <table>
        <tbody>
          {parts.map(([name, text]) => (
            <tr key={name} class={changed.has(name) ? 'changed' : ''}>
              <th scope="row">
                {name.replace(/^context\./u, '')}
                {changed.has(name) ? <span class="sr-only"> (changed by this event)</span> : null}
              </th>
              <td dir="auto">{text.length > 60 ? pretty(text) : text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
